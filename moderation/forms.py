"""Forms of the moderator's pages, of reports and appeals, and of the verify page."""

from __future__ import annotations

from typing import Any

from django import forms

from catalog.models import Item
from moderation import policy
from moderation.core.checks import CHECKS
from moderation.models import Case, CaseSkip, CheckResult, Queue, Report, ReviewerPreference


class QueueFilterForm(forms.Form):
    queue = forms.SlugField(max_length=30, required=False)
    reason = forms.ChoiceField(choices=[("", "Every reason"), *Case.Reason.choices], required=False)
    origin = forms.ChoiceField(choices=[("", "Every origin"), *Item.Origin.choices], required=False)
    mine = forms.BooleanField(required=False)
    after = forms.CharField(max_length=60, required=False)


class DecisionForm(forms.Form):
    """What a moderator decides; the service knows which actions and reasons there are."""

    action = forms.CharField(max_length=8)
    reason_code = forms.CharField(max_length=30, required=False)
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea)
    no_strike = forms.BooleanField(required=False)
    bad_faith = forms.BooleanField(required=False)

    def as_decision(self) -> dict[str, Any]:
        """Return the arguments of `decide_case`."""
        chosen = dict(self.cleaned_data)
        chosen["with_strike"] = not chosen.pop("no_strike")
        return chosen


class BulkForm(forms.Form):
    action = forms.ChoiceField(choices=[("publish", "Approve"), ("reject", "Reject")])
    reason_code = forms.CharField(max_length=30, required=False)
    note = forms.CharField(max_length=500, required=False)
    cases = forms.TypedMultipleChoiceField(
        coerce=int, error_messages={"required": "Choose at least one case."}
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        chosen = self.data.getlist("cases")[:100] if hasattr(self.data, "getlist") else []
        self.fields["cases"].choices = [(one, one) for one in chosen if one.isdigit()]  # type: ignore[attr-defined]


class AgeRatingForm(forms.Form):
    """Another age rating, why, and on which case's page it was asked for."""

    rating = forms.ChoiceField(
        choices=Item.AgeRating.choices,
        label="For whom it is",
        error_messages={"required": "Choose for whom it is."},
    )
    reason_code = forms.CharField(max_length=30, required=False)
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea)
    case = forms.IntegerField(min_value=1, required=False)


class SkipForm(forms.Form):
    reason = forms.ChoiceField(choices=CaseSkip.Reason.choices, required=False)


class NoteForm(forms.Form):
    text = forms.CharField(max_length=2000, widget=forms.Textarea)


class MoveForm(forms.Form):
    queue = forms.SlugField(max_length=30)


class PreferenceForm(forms.Form):
    queues = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Take cases from"
    )
    blur = forms.ChoiceField(choices=ReviewerPreference.Display.choices, label="Blur pictures")
    grey = forms.ChoiceField(choices=ReviewerPreference.Display.choices, label="Without colour")
    mute = forms.ChoiceField(choices=ReviewerPreference.Display.choices, label="Without sound")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        queues = Queue.objects.values_list("slug", "name")
        self.fields["queues"].choices = list(queues)  # type: ignore[attr-defined]


class EditForm(forms.Form):
    """One change of a table that is kept in versions."""

    base = forms.CharField(max_length=20)
    place = forms.IntegerField(min_value=0, max_value=200, required=False)
    change = forms.ChoiceField(choices=[(one, one) for one in ("save", "delete", "up", "down")])


class RoutingRuleForm(forms.Form):
    """One row of the routing table; the queues are those of the site."""

    queue = forms.ChoiceField()
    priority = forms.IntegerField(min_value=-500, max_value=500, initial=0)
    four_eyes = forms.BooleanField(required=False, label="Two people must agree")
    reason = forms.ChoiceField(choices=[("", "any"), *Case.Reason.choices], required=False)
    origin = forms.ChoiceField(choices=[("", "any"), *Item.Origin.choices], required=False)
    check = forms.ChoiceField(
        choices=[("", "any"), *((check.name, check.title) for check in CHECKS)], required=False
    )
    perspective = forms.ChoiceField(
        choices=[("", "any"), *CheckResult.Perspective.choices], required=False
    )
    verdict = forms.ChoiceField(
        choices=[("", "any"), *CheckResult.Verdict.choices[1:]], required=False
    )
    report_reason = forms.ChoiceField(
        choices=[("", "any"), *Report.Reason.choices], required=False, label="Reported as"
    )
    min_severity = forms.IntegerField(
        min_value=0, max_value=3, initial=0, required=False, label="Severity from"
    )

    def __init__(self, *args: object, queues: list[Queue], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["queue"].choices = [(one.slug, one.name) for one in queues]  # type: ignore[attr-defined]

    def clean_min_severity(self) -> int:
        return self.cleaned_data.get("min_severity") or 0


class ReasonForm(forms.Form):
    """One template of a reason."""

    code = forms.CharField(max_length=30)
    label = forms.CharField(max_length=80)
    sentence = forms.CharField(max_length=500, widget=forms.Textarea, label="Sentence to authors")
    rule = forms.CharField(max_length=120)
    severity = forms.IntegerField(
        min_value=0, max_value=policy.MAX_SEVERITY, label="Strike points (0 to 3)"
    )
    ground = forms.ChoiceField(
        choices=[("incompatible", "Against our rules"), ("illegal", "Against the law")]
    )
    legal_ground = forms.CharField(max_length=200, required=False, label="Which law")
    category = forms.ChoiceField(
        choices=[(one, one.replace("_", " ").capitalize()) for one in policy.CATEGORIES]
    )
    four_eyes = forms.BooleanField(required=False, label="Two people must agree")


class RuleForm(forms.Form):
    check_name = forms.CharField(max_length=40)
    threshold = forms.FloatField(required=False)
    enabled = forms.BooleanField(required=False)
    calibration = forms.IntegerField(required=False, min_value=1)
    preview = forms.BooleanField(required=False)


class AuditFilterForm(forms.Form):
    action = forms.CharField(max_length=40, required=False)
    item = forms.IntegerField(min_value=1, required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)


class PeriodForm(forms.Form):
    first = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    format = forms.ChoiceField(choices=[("csv", "CSV"), ("json", "JSON")], required=False)


class ReportForm(forms.Form):
    """A report; the last three fields are what the law asks of notices of illegal content."""

    reason = forms.ChoiceField(
        choices=Report.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is wrong with it."},
    )
    explanation = forms.CharField(max_length=2000, required=False, widget=forms.Textarea)
    law = forms.CharField(max_length=200, required=False)
    notifier_name = forms.CharField(max_length=120, required=False)
    good_faith = forms.BooleanField(required=False)


class AppealForm(forms.Form):
    text = forms.CharField(
        max_length=2000,
        widget=forms.Textarea,
        label="Why the decision is wrong",
        error_messages={"required": "Say in a few words why the decision is wrong."},
    )


class VerifyForm(forms.Form):
    file = forms.FileField(
        label="Picture or video",
        max_length=4000,
        error_messages={"required": "Choose a file first.", "empty": "This file is empty."},
    )
