"""Forms about the person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Consent, Profile, User
from accounts.services import list_consents, record_consents
from common.vocabulary import COLOURS, TYPES


class SignupForm(forms.Form):
    """What sign-up asks beyond name and password; the login library calls `signup`."""

    age_band = forms.ChoiceField(
        label="Your age",
        choices=Profile.AgeBand.choices,
        initial=Profile.AgeBand.UNKNOWN,
        help_text="Without an answer you see only what suits everybody.",
    )
    personalisation = forms.BooleanField(
        label=Consent.Kind.PERSONALISATION.label, required=False, initial=True
    )
    creation = forms.BooleanField(label=Consent.Kind.CREATION.label, required=False, initial=True)
    wants_to_upload = forms.BooleanField(
        label="I want to publish my own pictures and videos", required=False
    )

    def signup(self, request: HttpRequest, user: User) -> None:
        """Store the answers with the new account."""
        if self.cleaned_data["wants_to_upload"]:
            user.role = User.Role.UPLOADER
            user.save(update_fields=["role"])
        user.profile.age_band = self.cleaned_data["age_band"]
        user.profile.save(update_fields=["age_band"])
        record_consents(
            user=user,
            answers={kind: self.cleaned_data[kind] for kind in ("personalisation", "creation")},
        )


class ProfileForm(forms.ModelForm):
    """Preferences that act on the feed, and the consents."""

    types = forms.MultipleChoiceField(
        label="What do you like to see?",
        choices=[(name, name) for name in TYPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    colours = forms.MultipleChoiceField(
        label="Colours you like",
        choices=[(name, name) for name in COLOURS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    personalisation = forms.BooleanField(label=Consent.Kind.PERSONALISATION.label, required=False)
    creation = forms.BooleanField(label=Consent.Kind.CREATION.label, required=False)
    training = forms.BooleanField(label=Consent.Kind.TRAINING.label, required=False)
    sharing = forms.BooleanField(label=Consent.Kind.SHARING.label, required=False)

    class Meta:
        model = Profile
        fields = ["ai_share", "age_band"]
        labels = {"ai_share": "How much AI in your feed?", "age_band": "Your age"}
        widgets = {"ai_share": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        interests = self.instance.interests or {}
        self.initial.update({name: interests.get(name, []) for name in ("types", "colours")})
        self.initial.update(list_consents(user=self.instance.user))

    def save(self, commit: bool = True) -> Profile:
        """Store preferences and consents together."""
        answers = {kind: self.cleaned_data[kind] for kind in Consent.Kind.values}
        self.instance.interests = {name: self.cleaned_data[name] for name in ("types", "colours")}
        with transaction.atomic():
            record_consents(user=self.instance.user, answers=answers)
            return super().save(commit)
