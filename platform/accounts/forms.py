"""Forms about the person."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest

from accounts.models import Profile, User


class SignupForm(forms.Form):
    """What sign-up asks beyond name and password; the login library calls `signup`."""

    age_band = forms.ChoiceField(
        label="Your age",
        choices=Profile.AgeBand.choices,
        initial=Profile.AgeBand.UNKNOWN,
        help_text="Without an answer you see only what suits everybody.",
    )
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
