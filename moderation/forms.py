"""Forms of the moderator's pages and of the verify page."""

from __future__ import annotations

from django import forms

from catalog.models import Item
from moderation import policy
from moderation.models import Case, Decision


class QueueFilterForm(forms.Form):
    reason = forms.ChoiceField(choices=[("", "Every reason"), *Case.Reason.choices], required=False)
    origin = forms.ChoiceField(choices=[("", "Every origin"), *Item.Origin.choices], required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)


class DecisionForm(forms.Form):
    action = forms.ChoiceField(
        choices=[
            (Decision.Action.PUBLISH, "Approve"),
            (Decision.Action.REJECT, "Reject"),
        ]
    )
    reason_code = forms.ChoiceField(
        choices=[("", "Choose a reason"), *((one.code, one.label) for one in policy.REASONS)],
        required=False,
    )
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea)


class BulkForm(DecisionForm):
    cases = forms.TypedMultipleChoiceField(coerce=int, required=True)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        chosen = self.data.getlist("cases")[:100] if hasattr(self.data, "getlist") else []
        self.fields["cases"].choices = [(one, one) for one in chosen if one.isdigit()]  # type: ignore[attr-defined]


class RuleForm(forms.Form):
    check_name = forms.CharField(max_length=40)
    threshold = forms.FloatField(required=False)
    enabled = forms.BooleanField(required=False)


class AuditFilterForm(forms.Form):
    action = forms.CharField(max_length=40, required=False)
    item = forms.IntegerField(min_value=1, required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)


class VerifyForm(forms.Form):
    file = forms.FileField(
        label="Picture or video",
        max_length=4000,
        error_messages={"required": "Choose a file first.", "empty": "This file is empty."},
    )
