"""Changes of age ratings by moderators."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("moderation", "0009_mark_skipped")]

    operations = [
        migrations.AlterField(
            model_name="decision",
            name="action",
            field=models.CharField(
                choices=[
                    ("publish", "Published"),
                    ("reject", "Rejected"),
                    ("remove", "Removed"),
                    ("keep", "Kept: no rule was broken"),
                    ("uphold", "Appeal refused"),
                    ("overturn", "Taken back after an appeal"),
                    ("rerate", "Age rating changed"),
                ],
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="AgeRatingChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("before", models.CharField(max_length=5)),
                ("after", models.CharField(max_length=5)),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="age_change",
                        to="moderation.decision",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=~Q(before=F("after")), name="age_rating_differs"
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name="statement",
            name="visibility",
            field=models.CharField(default="DECISION_VISIBILITY_CONTENT_REMOVED", max_length=60),
        ),
    ]
