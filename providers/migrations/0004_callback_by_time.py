import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0003_doubts"),
    ]

    operations = [
        # On the partitioned table: its partitions get theirs, and those of later months too.
        migrations.AddIndex(
            model_name="callback",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["received_at"],
                autosummarize=True,
                name="callback_by_time",
                pages_per_range=32,
            ),
        ),
    ]
