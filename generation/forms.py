"""What job pages accept."""

from __future__ import annotations

from django import forms


class RequestKeyForm(forms.Form):
    """The key that a page made, so that the same button pressed twice does one thing."""

    request_key = forms.UUIDField(required=False)
