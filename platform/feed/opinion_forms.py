"""What a person says of an item by page: stars for each side of it, and words."""

from __future__ import annotations

from typing import Any

from django import forms

from recommender.models import Rating
from recommender.services.remarks import MAX_REMARK_CHARS

STARS = [("", "No rating"), *((str(n), f"{n} star{'s' if n > 1 else ''}") for n in range(1, 6))]


class RatingsForm(forms.Form):
    """One to five stars for each facet of an item, or none."""

    def __init__(self, *args: Any, facets: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for facet in facets:
            self.fields[facet] = forms.ChoiceField(
                label=Rating.Facet(facet).label,
                choices=STARS,
                required=False,
                widget=forms.RadioSelect,
            )

    @property
    def stars(self) -> dict[str, int | None]:
        """Return the stars by facet; facets that were not sent stay as they are."""
        return {
            facet: int(value) if value else None
            for facet, value in self.cleaned_data.items()
            if facet in self.data
        }


class RemarkForm(forms.Form):
    """A remark, or new words for an old one. Its length is judged by the service."""

    text = forms.CharField(
        label="What do you think of it?",
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 2, "maxlength": MAX_REMARK_CHARS, "placeholder": "I like the collar"}
        ),
    )
    # So that the same form sent twice makes one remark.
    event_id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    # What the pressed button does to an old remark: "forget:12" drops a wish that came of it,
    # "keep:striped" keeps one that it proposes.
    act = forms.RegexField(r"^(save|delete|forget:\d{1,18}|keep:[\w -]{1,60})$", required=False)

    @property
    def pressed(self) -> tuple[str, str]:
        """Return the deed and what it is done to."""
        deed, _, object_ = self.cleaned_data["act"].partition(":")
        return deed, object_
