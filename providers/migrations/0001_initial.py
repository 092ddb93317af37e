from django.db import migrations, models

from providers.migrations._callbacks import PARTITIONS, TABLE
from wallets.append_only import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(sql=TABLE, reverse_sql="DROP TABLE providers_callback"),
        append_only("providers_callback"),
        append_only("providers_callback_default"),
        migrations.RunSQL(sql=PARTITIONS, reverse_sql="DROP FUNCTION cage_callback_partitions()"),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Callback",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("delivery_id", models.UUIDField()),
                        ("provider", models.CharField(max_length=32)),
                        ("operation", models.CharField(blank=True, max_length=32)),
                        ("transaction_id", models.CharField(blank=True, max_length=200)),
                        ("received_at", models.DateTimeField()),
                        ("decided_at", models.DateTimeField()),
                        ("address", models.GenericIPAddressField(blank=True, null=True)),
                        ("headers", models.JSONField()),
                        ("body", models.BinaryField()),
                        (
                            "unwrapped",
                            models.BinaryField(
                                blank=True,
                                help_text="The body after decryption, where that differs.",
                                null=True,
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("posted", "Posted"),
                                    ("duplicate", "Duplicate"),
                                    ("acknowledged", "Acknowledged"),
                                    ("conflict", "Conflict"),
                                    ("refused", "Refused"),
                                    ("failed", "Failed"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("reason", models.TextField(blank=True)),
                        ("reply_status", models.SmallIntegerField()),
                        ("reply", models.BinaryField()),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["provider", "transaction_id"], name="callback_by_key"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("delivery_id", "received_at"),
                                name="callback_once_per_delivery",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "outcome__in",
                                        [
                                            "posted",
                                            "duplicate",
                                            "acknowledged",
                                            "conflict",
                                            "refused",
                                            "failed",
                                        ],
                                    )
                                ),
                                name="callback_outcome_is_known",
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="Unauthentic",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=32)),
                ("address", models.GenericIPAddressField()),
                ("minute", models.DateTimeField()),
                ("count", models.BigIntegerField(default=1)),
                ("reason", models.TextField()),
                ("sample", models.BinaryField()),
            ],
            options={
                "verbose_name_plural": "unauthentic deliveries",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "address", "minute"),
                        name="unauthentic_counted_by_minute",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1)), name="unauthentic_count_positive"
                    ),
                ],
            },
        ),
    ]
