"""The ledger's details: every file that was delivered under a mark, and how it looks."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class LedgerFile(models.Model):
    """One file as it was delivered: its bytes, its manifest, the version of the item it shows.

    Rows stay when a file is made anew, so that older copies are recognised too.
    """

    mark = models.ForeignKey("moderation.Mark", on_delete=models.CASCADE, related_name="files")
    # "master", "poster", "thumb", or "still 7" for a frame.
    role = models.CharField(max_length=16)
    version = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mark", "role", "sha256"], name="ledger_file_once"),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="ledger_file_bytes"),
            models.Index(
                fields=["manifest_sha256"],
                condition=~models.Q(manifest_sha256=""),
                name="ledger_file_manifest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.mark_id}"


class LedgerPrint(models.Model):
    """How a picture, or one second of a video, looks: a PDQ hash that is found by index."""

    mark = models.ForeignKey("moderation.Mark", on_delete=models.CASCADE, related_name="prints")
    # Null for a picture.
    second = models.FloatField(null=True, blank=True)
    # 256 bits as hex.
    pdq = models.CharField(max_length=64)
    # `vision.hashing.chunks`.
    chunks = ArrayField(models.IntegerField(), size=16)

    class Meta:
        indexes = [GinIndex(fields=["chunks"], name="ledger_print_chunks")]

    def __str__(self) -> str:
        return f"{self.pdq[:12]}… of {self.mark_id}"
