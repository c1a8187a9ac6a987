"""Forms of requests to edit, and of their answers."""

from __future__ import annotations

from django import forms

from catalog.services.permissions import MAX_ANSWER, MAX_DAYS, MAX_PURPOSE, MIN_PURPOSE


class AskForm(forms.Form):
    """What somebody would like to make of another's item."""

    purpose = forms.CharField(
        min_length=MIN_PURPOSE,
        max_length=MAX_PURPOSE,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="What would you like to make of it?",
        help_text="The owner reads this beside your name, and decides.",
    )


class AnswerForm(forms.Form):
    """An owner's answer; `do` says which."""

    do = forms.ChoiceField(choices=[(one, one) for one in ("grant", "decline", "revoke")])
    lasting = forms.BooleanField(required=False)
    days = forms.IntegerField(required=False, min_value=1, max_value=MAX_DAYS)
    answer = forms.CharField(required=False, max_length=MAX_ANSWER)
    mute = forms.BooleanField(required=False)


class MuteForm(forms.Form):
    """Whether an owner hears a person."""

    do = forms.ChoiceField(choices=[("mute", "mute"), ("unmute", "unmute")])
