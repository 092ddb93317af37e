from decimal import Decimal

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import wallets.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="DatabaseMark",
            fields=[
                ("id", models.SmallAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("demo", "Demo"), ("production", "Production")], max_length=16
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="database_has_one_mark"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["demo", "production"])),
                        name="database_mark_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Player",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=64, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("suspended", "Suspended"),
                            ("closed", "Closed"),
                        ],
                        default="active",
                        max_length=16,
                    ),
                ),
                (
                    "is_test",
                    models.BooleanField(
                        default=False,
                        help_text="Kept out of reports and dashboards.",
                        verbose_name="test player",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("uid__regex", "^[^[:cntrl:]]+$")),
                        name="player_uid_is_printable",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "suspended", "closed"])),
                        name="player_status_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        help_text="The provider's name, or 'house' for the operator's own.",
                        max_length=32,
                    ),
                ),
                (
                    "transaction_id",
                    models.CharField(
                        help_text="<operation>:<the provider's id>, unique for the provider.",
                        max_length=200,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bet", "Bet"),
                            ("settlement", "Settlement"),
                            ("bet_and_settlement", "Bet and settlement"),
                            ("rollback", "Rollback"),
                            ("reward", "Reward"),
                            ("deposit", "Deposit"),
                            ("withdrawal", "Withdrawal"),
                            ("adjustment", "Adjustment"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "terms",
                    models.BinaryField(
                        help_text="SHA-256 of who, currency, debit, credit of all movements.",
                        max_length=32,
                    ),
                ),
                ("reference", models.CharField(blank=True, db_index=True, max_length=128)),
                ("round_id", models.CharField(blank=True, max_length=128)),
                ("game", models.CharField(blank=True, max_length=128)),
                (
                    "stake",
                    wallets.models.Money(
                        blank=True,
                        decimal_places=8,
                        help_text="As the message states it; moves nothing.",
                        max_digits=28,
                        null=True,
                    ),
                ),
                ("details", models.JSONField(blank=True, default=dict)),
                (
                    "refers_to",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Transaction ids that this one settles or cancels.",
                    ),
                ),
                (
                    "refusal",
                    models.CharField(
                        blank=True,
                        help_text="Why nothing was moved, where that answer is final.",
                        max_length=32,
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("callback", "Callback"),
                            ("replay", "Replay"),
                            ("adjustment", "Adjustment"),
                            ("command", "Command"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "origin_id",
                    models.UUIDField(
                        blank=True,
                        help_text="The delivery, or the request, that asked for it.",
                        null=True,
                    ),
                ),
                (
                    "occurred_at",
                    models.DateTimeField(
                        blank=True, help_text="By the provider's clock.", null=True
                    ),
                ),
                ("posted_at", models.DateTimeField()),
                (
                    "reverses",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="wallets.transaction",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Wallet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.CharField(max_length=10)),
                (
                    "balance",
                    wallets.models.Money(decimal_places=8, default=Decimal("0"), max_digits=28),
                ),
                (
                    "sequence",
                    models.BigIntegerField(default=0, help_text="Number of the last entry."),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "player",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wallets",
                        to="wallets.player",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.BigIntegerField()),
                ("debit", wallets.models.Money(decimal_places=8, max_digits=28)),
                ("credit", wallets.models.Money(decimal_places=8, max_digits=28)),
                ("balance_before", wallets.models.Money(decimal_places=8, max_digits=28)),
                ("balance_after", wallets.models.Money(decimal_places=8, max_digits=28)),
                (
                    "transaction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="wallets.transaction",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="wallets.wallet",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
            },
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.UniqueConstraint(
                fields=("provider", "transaction_id"), name="transaction_posted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("transaction_id__regex", "^[a-z][a-z0-9._-]*:[^[:cntrl:]]+$")),
                name="transaction_id_names_its_operation",
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("provider__regex", "^[a-z][a-z0-9-]{0,31}$")),
                name="transaction_provider_is_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "bet",
                            "settlement",
                            "bet_and_settlement",
                            "rollback",
                            "reward",
                            "deposit",
                            "withdrawal",
                            "adjustment",
                        ],
                    )
                ),
                name="transaction_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("origin__in", ["callback", "replay", "adjustment", "command"])),
                name="transaction_origin_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stake__isnull", True),
                    ("stake__range", (Decimal("0"), Decimal("99999999999999999999.99999999"))),
                    _connector="OR",
                ),
                name="transaction_stake_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reverses__isnull", True),
                    models.Q(("reverses", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="transaction_does_not_reverse_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.UniqueConstraint(
                fields=("player", "currency"), name="wallet_one_per_player_and_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z][A-Z0-9]{1,9}$")),
                name="wallet_currency_is_a_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("balance__range", (Decimal("0"), Decimal("99999999999999999999.99999999")))
                ),
                name="wallet_balance_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(("sequence__gte", 0)), name="wallet_sequence_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(
                fields=("wallet", "sequence"), name="entry_sequence_once_per_wallet"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(
                fields=("transaction", "wallet"), name="entry_once_per_transaction_and_wallet"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("sequence__gte", 1)), name="entry_sequence_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("debit__range", (Decimal("0"), Decimal("99999999999999999999.99999999")))
                ),
                name="entry_debit_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("credit__range", (Decimal("0"), Decimal("99999999999999999999.99999999")))
                ),
                name="entry_credit_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "balance_before__range",
                        (Decimal("0"), Decimal("99999999999999999999.99999999")),
                    ),
                    (
                        "balance_after__range",
                        (Decimal("0"), Decimal("99999999999999999999.99999999")),
                    ),
                ),
                name="entry_balances_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "balance_after",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("balance_before"), "-", models.F("debit")
                            ),
                            "+",
                            models.F("credit"),
                        ),
                    )
                ),
                name="entry_adds_up",
            ),
        ),
    ]
