"""What the pages of facts read from a request."""

from __future__ import annotations

from django import forms

from knowledge.selectors import MAX_QUERY_CHARS


class FactSearchForm(forms.Form):
    q = forms.CharField(max_length=MAX_QUERY_CHARS, required=False, strip=True)
