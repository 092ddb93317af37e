"""For the last administrator who lost the phone and the recovery codes."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation.office.login import devices, sessions

WHAT = "One-time password reset by the command reset_one_time_password."


class Command(BaseCommand):
    help = "Take somebody's one-time password away: the next login sets up another."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"Nobody is called {username}.")
        had = devices.reset(user, by=user, what=WHAT)
        ended = sessions.end(user)
        found = "is removed" if had else "was not set up"
        self.stdout.write(f"The one-time password of {username} {found}; sessions ended: {ended}.")
        self.stdout.write("The next login asks for the password, then sets up another.")
