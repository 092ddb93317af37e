from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("providers", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="callback",
            name="provider",
            field=models.CharField(db_collation="C", max_length=32),
        ),
        migrations.AlterField(
            model_name="callback",
            name="transaction_id",
            field=models.CharField(blank=True, db_collation="C", max_length=200),
        ),
    ]
