"""What the create page accepts."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from common.guidance import MAX_HISTORY, MAX_INSTRUCTION_CHARS, UPSCALES
from common.vocabulary import COLOURS, LOOKS, PATTERNS, STYLES, TYPES
from feed.create_services import Wish, as_dict
from generation.services import MAX_VARIANTS, SEED_LIMIT

MAX_COLOURS = 3
MAX_ID = 2**63 - 1


def _chips(values: Any, blank: str) -> list[tuple[str, str]]:
    return [("", blank), *((value, value.capitalize()) for value in values)]


def _slider(**limits: Any) -> forms.IntegerField:
    attributes = {"type": "range", "step": 5, **limits.pop("attrs", {})}
    return forms.IntegerField(
        min_value=limits.pop("least", 0),
        max_value=100,
        widget=forms.NumberInput(attrs=attributes),
        required=False,
        **limits,
    )


class CreateForm(forms.Form):
    """A wish. Everything but words or chips may be left out."""

    instruction = forms.CharField(
        label="What would you like?",
        required=False,
        max_length=MAX_INSTRUCTION_CHARS,
        widget=forms.Textarea(
            attrs={"rows": 3, "placeholder": "A short black skirt with white stripes"}
        ),
        error_messages={
            "max_length": f"Please keep the instruction under {MAX_INSTRUCTION_CHARS} characters."
        },
    )
    avoid = forms.CharField(
        label="Leave out",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "for example: red, dots"}),
    )
    type = forms.ChoiceField(
        label="Garment",
        choices=_chips(TYPES, "As I say"),
        required=False,
        widget=forms.RadioSelect,
    )
    colours = forms.MultipleChoiceField(
        label="Colours",
        choices=[(colour, colour.capitalize()) for colour in COLOURS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    pattern = forms.ChoiceField(
        label="Pattern",
        choices=_chips(PATTERNS, "As I say"),
        required=False,
        widget=forms.RadioSelect,
    )
    kind = forms.ChoiceField(
        label="Make",
        choices=[("image", "A picture"), ("video", "A clip")],
        required=False,
        widget=forms.RadioSelect,
    )
    look = forms.ChoiceField(
        label="Look", choices=_chips(LOOKS, "Either"), required=False, widget=forms.RadioSelect
    )
    style = forms.ChoiceField(
        label="Style", choices=_chips(STYLES, "None"), required=False, widget=forms.RadioSelect
    )
    degree = _slider(label="How much of the style")
    literalness = _slider(label="How literally")
    personality = _slider(label="How much me")
    strength = _slider(label="How much of it may change", least=10)
    likes = forms.IntegerField(
        label="Liked items that guide", min_value=0, max_value=MAX_HISTORY, required=False
    )
    seed = forms.IntegerField(label="Seed", min_value=0, max_value=SEED_LIMIT, required=False)
    upscale = forms.TypedChoiceField(
        label="Size",
        choices=[(factor, "As drawn" if factor == 1 else f"{factor} ×") for factor in UPSCALES],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    variants = forms.TypedChoiceField(
        label="Variants",
        choices=[(count, str(count)) for count in range(1, MAX_VARIANTS + 1)],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    reference = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    delete_after_view = forms.BooleanField(label="Delete after I have seen it", required=False)
    request_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_colours(self) -> tuple[str, ...]:
        colours = tuple(self.cleaned_data["colours"])
        if len(colours) > MAX_COLOURS:
            raise forms.ValidationError(f"Choose at most {MAX_COLOURS} colours.")
        return colours

    @property
    def wish(self) -> Wish:
        """What was asked for; what was left out is as usual."""
        usual = as_dict(Wish())
        given = {name: self.cleaned_data.get(name) for name in usual}
        return Wish(
            **{name: usual[name] if value in (None, "") else value for name, value in given.items()}
        )

    @property
    def request_id(self) -> str:
        return str(self.cleaned_data.get("request_key") or uuid.uuid4())


class BeginForm(forms.Form):
    """What the page begins with: a job or an item to remix, a picture to begin from, words."""

    job = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    item = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    reference = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    q = forms.CharField(required=False, max_length=MAX_INSTRUCTION_CHARS)
