"""The roles and what each of them may do: the one place where that is said.

A role is a group. What a person may do is the sum of their groups; nobody gets a permission by
themselves. Users and groups belong to superusers only: whoever could edit them could give
themselves everything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`may` are permissions by their whole names; `sentence` is what people are told."""

    name: str
    sentence: str
    may: frozenset[str]


# Everything of money, providers, cases and statements.
LOOK = frozenset(
    {
        "wallets.view_player",
        "wallets.view_wallet",
        "wallets.view_transaction",
        "wallets.view_entry",
        "providers.view_callback",
        "providers.view_unauthentic",
        "reconciliation.view_case",
        "reconciliation.view_statement",
        "reconciliation.view_statementformat",
        "reconciliation.view_adjustment",
    }
)

VIEWER = Role(
    name="Viewer",
    sentence="Looks at money, providers, cases and statements, and touches nothing.",
    may=LOOK,
)
FINANCE = Role(
    name="Finance",
    sentence="Works on cases and asks for adjustments, which somebody else has to approve.",
    may=LOOK | {"reconciliation.change_case", "reconciliation.request_adjustment"},
)
APPROVER = Role(
    name="Approver",
    sentence="Approves or rejects adjustments that others asked for, up to the limits of their "
    "group. It has none at first, and so approves nothing.",
    may=LOOK | {"reconciliation.approve_adjustment", "reconciliation.view_adjustmentlimit"},
)
OPERATIONS = Role(
    name="Operations",
    sentence="Settles deliveries again, keeps statements and their formats, opens wallets and "
    "suspends or closes players.",
    may=LOOK
    | {
        "reconciliation.replay_case",
        "reconciliation.add_statement",
        "reconciliation.change_statement",
        "reconciliation.add_statementformat",
        "reconciliation.change_statementformat",
        "wallets.add_player",
        "wallets.change_player",
        "wallets.add_wallet",
        "django_celery_beat.view_periodictask",
    },
)
AUDITOR = Role(
    name="Auditor",
    sentence="Reads everything, the trail, the staff and what left Cage too, takes exports, and "
    "changes nothing.",
    may=LOOK
    | {
        "reconciliation.view_adjustmentlimit",
        "reconciliation.view_export",
        "reconciliation.take_export",
        "admin.view_logentry",
        "auth.view_user",
        "auth.view_group",
        "django_celery_beat.view_periodictask",
    },
)

ROLES: Mapping[str, Role] = {
    role.name: role for role in (VIEWER, FINANCE, APPROVER, OPERATIONS, AUDITOR)
}
