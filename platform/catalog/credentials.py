"""The signed manifest (C2PA) that an upload came with."""

from __future__ import annotations

from django.db import models


class Credential(models.Model):
    """What an upload's own manifest said, and the archive by which ours name it as their source."""

    item = models.OneToOneField(
        "catalog.Item", on_delete=models.CASCADE, related_name="credential", primary_key=True
    )
    # Empty when it is not passed on: it tells a place, is too large or could not be read.
    archive = models.BinaryField(default=bytes, blank=True)
    # Of `media.credentials.keep`: state, generator, issuer, actions, says_ai, kept.
    said = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"manifest that {self.item_id} came with"

    @property
    def sentence(self) -> str:
        """What is shown of it."""
        if self.said.get("state") == "invalid":
            return "The upload came with a manifest that does not hold."
        by = " by ".join(
            part for part in (self.said.get("generator"), self.said.get("issuer")) if part
        )
        ai = " It says that AI made or changed it." if self.said.get("says_ai") else ""
        kept = (
            "It is kept in every file."
            if self.archive
            else "It is not passed on, since it tells where the picture was taken."
            if self.said.get("why") == "place"
            else "It is not passed on."
        )
        return f"The upload came with a manifest{f' ({by})' if by else ''}.{ai} {kept}"
