"""What the studio's pages accept."""

from __future__ import annotations

from typing import Any

from django import forms

from catalog.models import Item
from common.guidance import MAX_INSTRUCTION_CHARS
from common.vocabulary import PATTERNS, STYLES, TYPES

MAX_FILES = 20
ACCEPT = (
    "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,"
    "video/mp4,video/quicktime,video/webm,.mkv"
)


def _choices(values: tuple[str, ...], blank: str) -> list[tuple[str, str]]:
    return [("", blank), *((value, value.capitalize()) for value in values)]


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or several files; their contents are judged by the catalogue, not here."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, (list, tuple)) and data else [data or None]
        return [super(FilesField, self).clean(file, initial) for file in files]


class UploadForm(forms.Form):
    # Declared fields move to `base_fields`: the form's own `files` is not shadowed.
    files = FilesField(  # type: ignore[assignment]
        label="Pictures and videos",
        allow_empty_file=True,
        widget=FilesInput(attrs={"accept": ACCEPT, "multiple": True}),
        error_messages={"required": "Choose at least one file."},
    )

    def clean_files(self) -> list[Any]:
        files = self.cleaned_data["files"]
        if len(files) > MAX_FILES:
            raise forms.ValidationError(f"Please send at most {MAX_FILES} files at a time.")
        return files


class DetailsForm(forms.ModelForm):
    garment_type = forms.ChoiceField(
        label="What it shows",
        required=False,
        choices=_choices(TYPES, "Not said"),
        help_text="Edits keep to it, and search finds it.",
    )
    pattern = forms.ChoiceField(
        label="Pattern", required=False, choices=_choices(PATTERNS, "Not said")
    )

    class Meta:
        model = Item
        fields = ["title", "garment_type", "pattern", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}


class EditForm(forms.Form):
    """An AI edit in the uploader's words."""

    instruction = forms.CharField(
        label="What should change?",
        max_length=MAX_INSTRUCTION_CHARS,
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": "navy with white dots · as a watercolour · not red"}
        ),
        error_messages={"required": "Say in a few words what should change."},
    )
    strength = forms.FloatField(
        label="How much may change",
        min_value=0.2,
        max_value=0.95,
        initial=0.6,
        widget=forms.NumberInput(
            attrs={"type": "range", "step": "0.05", "data-strength": "", "list": "strengths"}
        ),
    )
    style = forms.ChoiceField(
        label="Style",
        required=False,
        choices=_choices(STYLES, "As it is"),
        widget=forms.RadioSelect,
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput)


class ListForm(forms.Form):
    """Which of one's items to list."""

    state = forms.ChoiceField(required=False, choices=[("", "All"), *Item.State.choices])
    page = forms.IntegerField(required=False, min_value=1)
