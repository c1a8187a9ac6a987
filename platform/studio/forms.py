"""What the studio's pages accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from catalog.models import Item
from common.guidance import MAX_INSTRUCTION_CHARS, MAX_MASK_CHARS
from common.licences import CHOICES as LICENCE_CHOICES
from common.vocabulary import LAID_STYLES, PATTERNS, TYPES

MAX_FILES = 20
STYLE_LABELS = {"palette": "My palette", "exemplar": "Like an item"}
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

    licence = forms.ChoiceField(
        label="Whose they are",
        choices=LICENCE_CHOICES,
        initial="own",
        required=False,
        help_text="By uploading you confirm it.",
    )

    def clean_licence(self) -> str:
        return self.cleaned_data["licence"] or "own"

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
        fields = [
            *("title", "garment_type", "pattern", "description"),
            *("age_rating", "people_agreed", "licence"),
        ]
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}
        labels = {
            "age_rating": "For whom it is",
            "people_agreed": "Whoever is shown agreed to it",
            "licence": "Whose it is",
        }
        help_texts = {"age_rating": "Checks may raise it. Who is younger never sees it."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["age_rating"].required = False

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name in ("age_rating", "licence"):
            if not said.get(name):
                # Not sent: it stays as it is.
                said.pop(name, None)
        return said


def _slider(**attributes: str) -> forms.NumberInput:
    return forms.NumberInput(attrs={"type": "range", "step": "0.05", **attributes})


class ToolForm(forms.Form):
    """One tool of the editor; each button press has a key of its own."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    delete_after_view = forms.BooleanField(label="Delete after I have seen it", required=False)

    def __init__(self, *args: Any, item: Item | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item = item


class WordsForm(ToolForm):
    """An AI edit in the uploader's words, of all of the picture or of a painted part."""

    instruction = forms.CharField(
        label="What should change?",
        max_length=MAX_INSTRUCTION_CHARS,
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": "navy with white dots · on a beach · not red"}
        ),
        error_messages={"required": "Say in a few words what should change."},
    )
    edit = forms.ChoiceField(
        label="Kind of change",
        required=False,
        choices=[
            ("", "As the words say"),
            ("recolour", "Colour"),
            ("pattern", "Pattern"),
            ("background", "Background"),
            ("remove", "Remove the painted part"),
            ("replace", "Draw the painted part anew"),
        ],
    )
    strength = forms.FloatField(
        label="How much may change",
        min_value=0.2,
        max_value=0.95,
        initial=0.6,
        widget=_slider(**{"data-strength": "", "list": "strengths"}),
    )
    mask_png = forms.CharField(
        required=False, max_length=MAX_MASK_CHARS, widget=forms.HiddenInput(attrs={"data-mask": ""})
    )
    upscale = forms.TypedChoiceField(
        label="Size",
        required=False,
        coerce=int,
        choices=[(1, "As it is"), (2, "Twice as large"), (4, "Four times as large")],
    )


class ReviseForm(ToolForm):
    """New content for a video's frames, in the uploader's words."""

    instruction = WordsForm.base_fields["instruction"]
    strength = WordsForm.base_fields["strength"]


class StyleForm(ToolForm):
    """A style laid over a picture or a whole video."""

    style = forms.ChoiceField(
        label="Style",
        choices=[(style, STYLE_LABELS.get(style, style.capitalize())) for style in LAID_STYLES],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a style."},
    )
    degree = forms.FloatField(
        label="How far",
        min_value=0.1,
        max_value=1.0,
        initial=1.0,
        widget=_slider(**{"data-percent": ""}),
    )
    exemplar = forms.TypedChoiceField(
        label="The item whose style it takes",
        required=False,
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, exemplars: Sequence[Item] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exemplars = exemplars
        choices = [(str(item.pk), item.alt_text) for item in exemplars]
        self.fields["exemplar"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("style") == "exemplar" and not said.get("exemplar"):
            raise forms.ValidationError("Choose the item whose style it should take.")
        return said


class ClipForm(ToolForm):
    """A part of a video, found by taste or cut by hand."""

    audience = forms.ChoiceField(
        label="The best part for",
        initial="fans",
        required=False,
        choices=[("fans", "People who like what I show"), ("me", "Me")],
    )
    window = forms.TypedChoiceField(
        label="Length of the part",
        coerce=int,
        initial=8,
        choices=[(4, "Shortest"), (8, "Short"), (16, "Longer"), (32, "Longest")],
        required=False,
    )
    start_s = forms.FloatField(
        label="From (seconds)",
        required=False,
        min_value=0,
        widget=forms.NumberInput(attrs={"step": "0.1", "data-clip": "start"}),
    )
    end_s = forms.FloatField(
        label="To (seconds)",
        required=False,
        min_value=0,
        widget=forms.NumberInput(attrs={"step": "0.1", "data-clip": "end"}),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        said["audience"] = said.get("audience") or "fans"
        start, end = said.get("start_s"), said.get("end_s")
        if end is not None and end <= (start or 0):
            raise forms.ValidationError("The part must end after it starts.")
        return said


class FacesForm(ToolForm):
    """Faces made unknowable: all that are found, and in a picture what is painted over."""

    mask_png = WordsForm.base_fields["mask_png"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.item is not None and self.item.kind == Item.Kind.VIDEO:
            del self.fields["mask_png"]


class ThumbnailForm(ToolForm):
    """A cover drawn from the video and from what its uploader likes."""

    instruction = forms.CharField(
        label="Anything it should show?",
        required=False,
        max_length=MAX_INSTRUCTION_CHARS,
        widget=forms.TextInput(attrs={"placeholder": "optional: on a light wall"}),
    )
    strength = forms.FloatField(
        label="How much may change",
        min_value=0.2,
        max_value=0.9,
        initial=0.5,
        widget=_slider(**{"data-strength": ""}),
    )


class ListForm(forms.Form):
    """Which of one's items to list."""

    state = forms.ChoiceField(required=False, choices=[("", "All"), *Item.State.choices])
    page = forms.IntegerField(required=False, min_value=1)
