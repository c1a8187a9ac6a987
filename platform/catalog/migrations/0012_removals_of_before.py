"""Items that were taken down before removals were written down: their files go as well.

What its owner took down goes with the next round; what an author may still appeal about is kept as
long as an appeal is possible, counted from now, as when it was removed is not known for sure.
"""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

WITHDRAWN = "You took this item down."
APPEAL_TERM = timedelta(days=184)


def note_removals(apps, schema_editor):
    Item, Removal = apps.get_model("catalog", "Item"), apps.get_model("catalog", "Removal")
    now = timezone.now()
    for item in Item.objects.filter(state="removed", removal=None).iterator():
        keep = timedelta() if item.problem == WITHDRAWN else APPEAL_TERM
        Removal.objects.create(item=item, erase_at=now + keep)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_removals")]

    operations = [migrations.RunPython(note_removals, migrations.RunPython.noop)]
