"""Cases from before get their due time and origin; queues are given after migrating."""

from django.db import migrations

FORWARD = """
UPDATE moderation_case c
SET due_at = c.created_at - c.priority * interval '30 minutes', origin = i.origin
FROM catalog_item i WHERE i.id = c.item_id;
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0003_console_and_accountability")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
