"""Forms of the catalogue's pages."""

from __future__ import annotations

from django import forms

from catalog.models import Item
from catalog.selectors import MAX_QUERY_CHARS
from common.vocabulary import COLOURS, PATTERNS, TYPES


def _choices(values: tuple[str, ...], blank: str) -> list[tuple[str, str]]:
    return [("", blank), *((value, value.capitalize()) for value in values)]


class SearchForm(forms.Form):
    """What to look for; everything may be left out."""

    q = forms.CharField(label="Search", required=False, max_length=MAX_QUERY_CHARS)
    type = forms.ChoiceField(label="Type", required=False, choices=_choices(TYPES, "Any type"))
    colour = forms.ChoiceField(
        label="Colour", required=False, choices=_choices(tuple(COLOURS), "Any colour")
    )
    pattern = forms.ChoiceField(
        label="Pattern", required=False, choices=_choices(PATTERNS, "Any pattern")
    )
    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "Any kind"), *Item.Kind.choices]
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=400, widget=forms.HiddenInput)
