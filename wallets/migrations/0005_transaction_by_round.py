from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0004_transaction_by_time"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                condition=models.Q(("round_id", ""), _negated=True),
                fields=["provider", "round_id"],
                name="transaction_by_round",
            ),
        ),
    ]
