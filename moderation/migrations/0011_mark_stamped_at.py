"""When a time-stamping authority saw an item's manifest."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("moderation", "0010_age_ratings")]

    operations = [
        migrations.AddField(
            model_name="mark",
            name="stamped_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
