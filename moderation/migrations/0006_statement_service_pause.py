from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("moderation", "0005_audit_chain")]

    operations = [
        migrations.AddField(
            model_name="statement",
            name="service_until",
            field=models.DateField(blank=True, null=True),
        ),
    ]
