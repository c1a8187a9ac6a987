from django.db import migrations, models


class Migration(migrations.Migration):
    """A suspicion may wait for a person before anything is set aside."""

    dependencies = [("recommender", "0005_turn_waiting")]

    operations = [
        migrations.AlterField(
            model_name="suspicion",
            name="state",
            field=models.CharField(
                choices=[
                    ("proposed", "Waits for a person"),
                    ("set_aside", "Set aside"),
                    ("confirmed", "Confirmed by a person"),
                    ("restored", "Restored by a person"),
                ],
                default="set_aside",
                max_length=10,
            ),
        ),
    ]
