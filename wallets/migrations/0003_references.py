import django.db.models.deletion
from django.db import migrations, models

from wallets.append_only import append_only

# What transactions said of bets in a list of their own becomes rows: until now all were settled.
MOVE = """
INSERT INTO wallets_reference (transaction_id, provider, target, effect)
SELECT DISTINCT t.id, t.provider, named.target, 'settles'
FROM wallets_transaction t CROSS JOIN LATERAL jsonb_array_elements_text(t.refers_to) AS named (target)
WHERE t.refusal = '' AND length(named.target) <= 200;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="references",
                        to="wallets.transaction",
                    ),
                ),
                ("provider", models.CharField(db_collation="C", max_length=32)),
                ("target", models.CharField(db_collation="C", max_length=200)),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("settles", "Settles"),
                            ("cancels", "Cancels"),
                            ("mentions", "Mentions"),
                        ],
                        max_length=16,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="reference",
            index=models.Index(fields=["provider", "target"], name="reference_by_target"),
        ),
        migrations.AddConstraint(
            model_name="reference",
            constraint=models.UniqueConstraint(
                fields=("transaction", "target"), name="reference_once_per_target"
            ),
        ),
        migrations.AddConstraint(
            model_name="reference",
            constraint=models.UniqueConstraint(
                condition=models.Q(("effect", "cancels")),
                fields=("provider", "target"),
                name="reference_cancels_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="reference",
            constraint=models.CheckConstraint(
                condition=models.Q(("effect__in", ["settles", "cancels", "mentions"])),
                name="reference_effect_is_known",
            ),
        ),
        migrations.RunSQL(sql=MOVE, reverse_sql=migrations.RunSQL.noop),
        append_only("wallets_reference"),
        migrations.RemoveConstraint(
            model_name="transaction",
            name="transaction_id_names_its_operation",
        ),
        migrations.RemoveConstraint(
            model_name="transaction",
            name="transaction_does_not_reverse_itself",
        ),
        migrations.RemoveField(
            model_name="transaction",
            name="refers_to",
        ),
        migrations.RemoveField(
            model_name="transaction",
            name="reverses",
        ),
        migrations.AlterField(
            model_name="transaction",
            name="provider",
            field=models.CharField(
                db_collation="C",
                help_text="The provider's name, or 'house' for the operator's own.",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="transaction",
            name="transaction_id",
            field=models.CharField(
                db_collation="C",
                help_text="<operation>:<the provider's id>, unique for the provider.",
                max_length=200,
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "transaction_id__regex",
                        "^[a-z][a-z0-9._-]*:[^\\u0001-\\u001f\\u007f-\\u009f]+$",
                    )
                ),
                name="transaction_id_names_its_operation",
            ),
        ),
    ]
