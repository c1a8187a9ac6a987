"""What the feed's pages accept."""

from __future__ import annotations

from django import forms

from recommender.models import Interaction


class FeedQueryForm(forms.Form):
    """Where a browse goes on, or that a new one may repeat what was seen."""

    after = forms.CharField(required=False, max_length=300)
    again = forms.BooleanField(required=False)


class ReactionForm(forms.Form):
    """One reaction, or taking it back."""

    kind = forms.ChoiceField(
        choices=[
            (kind.value, kind.label)
            for kind in (
                Interaction.Kind.LIKE,
                Interaction.Kind.DISLIKE,
                Interaction.Kind.NOT_INTERESTED,
                Interaction.Kind.UNDO,
            )
        ]
    )
    # The page's own token, so that without JavaScript the same cards come back.
    after = forms.CharField(required=False, max_length=300)
    # The press's own key, by which a lost answer does not count it twice.
    event_id = forms.UUIDField(required=False)
