"""What the pages of sources read from a request."""

from __future__ import annotations

from typing import Any

from django import forms

from common.vocabulary import COLOURS, PATTERNS, TYPES
from knowledge.models import Document, Source


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


class _WithTopics(forms.Form):
    topics = forms.CharField(
        max_length=200,
        required=False,
        help_text="Separated by commas, for example: law, textile.",
    )

    def clean_topics(self) -> list[str]:
        return _split(self.cleaned_data["topics"])


class AddSourceForm(_WithTopics):
    kind = forms.ChoiceField(
        choices=[
            (Source.Kind.FEED.value, Source.Kind.FEED.label),
            (Source.Kind.PAGE.value, Source.Kind.PAGE.label),
        ]
    )
    url = forms.CharField(
        label="Address",
        max_length=1000,
        widget=forms.URLInput(attrs={"placeholder": "https://…"}),
        help_text="Public addresses of the web only; redirects and names are checked.",
    )
    title = forms.CharField(max_length=200, required=False)
    publisher = forms.CharField(max_length=120, required=False)
    trust = forms.TypedChoiceField(
        choices=Source.Trust.choices, coerce=int, initial=Source.Trust.KNOWN
    )
    refresh_hours = forms.IntegerField(
        label="Read every … hours", min_value=1, max_value=24 * 90, initial=24
    )
    field_order = ("kind", "url", "title", "publisher", "trust", "refresh_hours", "topics")


class UploadForm(_WithTopics):
    file = forms.FileField(
        widget=forms.ClearableFileInput(attrs={"accept": ".txt,.md,.html,.htm,.pdf"}),
        help_text="Text, Markdown, HTML or PDF, up to 10 MB.",
    )
    title = forms.CharField(max_length=200, required=False)
    publisher = forms.CharField(max_length=120, required=False)
    trust = forms.TypedChoiceField(
        choices=Source.Trust.choices, coerce=int, initial=Source.Trust.KNOWN
    )
    field_order = ("file", "title", "publisher", "trust", "topics")


class ChangeSourceForm(_WithTopics):
    title = forms.CharField(max_length=200)
    publisher = forms.CharField(max_length=120, required=False)
    trust = forms.TypedChoiceField(choices=Source.Trust.choices, coerce=int)
    refresh_hours = forms.IntegerField(label="Read every … hours", min_value=1, max_value=24 * 90)
    field_order = ("title", "publisher", "trust", "refresh_hours", "topics")

    @classmethod
    def of(cls, source: Source) -> ChangeSourceForm:
        """Return the form filled with what a source has now."""
        return cls(
            initial={
                "title": source.title,
                "publisher": source.publisher,
                "trust": source.trust,
                "refresh_hours": source.refresh_hours,
                "topics": ", ".join(source.topics),
            }
        )


def _choices(values: Any) -> list[tuple[str, str]]:
    return [("", "not said"), *((value, value) for value in values)]


class ExplainForm(forms.Form):
    """Which names a document explains, and what they come to for the generator."""

    terms = forms.CharField(
        label="Names it explains",
        max_length=300,
        required=False,
        help_text="Separated by commas. When a request uses one, this text is used and shown.",
    )
    type = forms.ChoiceField(choices=_choices(TYPES), required=False)
    pattern = forms.ChoiceField(choices=_choices(PATTERNS), required=False)
    colours = forms.MultipleChoiceField(
        choices=[(value, value) for value in COLOURS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    details = forms.CharField(
        max_length=200, required=False, help_text="Words for the prompt, separated by commas."
    )

    def clean_terms(self) -> list[str]:
        return _split(self.cleaned_data["terms"])

    def clean_details(self) -> list[str]:
        return [detail.lower() for detail in _split(self.cleaned_data["details"])]

    @property
    def attributes(self) -> dict[str, Any]:
        names = ("type", "pattern", "colours", "details")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}

    @classmethod
    def of(cls, document: Document) -> ExplainForm:
        """Return the form filled with what a document explains now."""
        given = document.attributes
        return cls(
            initial={
                **given,
                "terms": ", ".join(document.terms),
                "details": ", ".join(given.get("details", [])),
            }
        )
