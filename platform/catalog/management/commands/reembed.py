"""`manage.py reembed`: make the vectors of an encoder for all items and frames that lack one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.models import Embedding, FrameVectors, Item
from catalog.services import embed_items, list_unembedded
from catalog.services.vectors import BATCH, load_current_encoder
from common.errors import DomainError


class Command(BaseCommand):
    help = (
        "Embed every item, and the frames of every video, that the encoder in force has not seen; "
        "needed after changing ENCODER_MODEL. Can be stopped and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", help="another encoder than the one in force")
        parser.add_argument("--all", action="store_true", help="make vectors again that exist")
        parser.add_argument("--prune", action="store_true", help="delete vectors of other encoders")

    def handle(self, *args: Any, model: str | None, **options: Any) -> None:
        try:
            name = load_current_encoder(model).name
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["all"]:
            Embedding.objects.filter(model=name).delete()
            FrameVectors.objects.filter(model=name).delete()
        todo = list_unembedded(model_name=name).order_by("pk")
        with tqdm(total=todo.count(), unit="item", desc=f"Embedding with {name}") as bar:
            ids = list(todo.values_list("pk", flat=True))
            done = 0
            for start in range(0, len(ids), BATCH):
                batch = Item.objects.with_assets().filter(pk__in=ids[start : start + BATCH])
                done += embed_items(items=batch, model=model)
                bar.update(len(ids[start : start + BATCH]))
        self.stdout.write(f"{done} items embedded with {name}.")
        if options["prune"]:
            gone, _ = Embedding.objects.exclude(model=name).delete()
            gone += FrameVectors.objects.exclude(model=name).delete()[0]
            self.stdout.write(f"{gone} vectors of other encoders deleted.")
