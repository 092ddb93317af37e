"""Makes a login for each role, in a demo database."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reconciliation.office.roles import cast
from wallets.models import DatabaseMark


class Command(BaseCommand):
    help = (
        "Makes the logins viewer, finance, approver, operations and auditor, each in the group of "
        "its name, with the password of the environment's DEMO_STAFF_PASSWORD. Logins that exist "
        "stay as they are. Approver may then approve up to 1,000 in each currency of the demo. "
        "Refuses a production database, where people have logins of their own."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not DatabaseMark.is_demo():
            raise CommandError("This is a production database: its staff are made in the admin.")
        if not settings.DEMO_STAFF_PASSWORD:
            raise CommandError("Say the password in DEMO_STAFF_PASSWORD.")
        self.stdout.write(", ".join(cast.hire(settings.DEMO_STAFF_PASSWORD)))
