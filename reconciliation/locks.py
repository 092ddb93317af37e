"""Who waits for whom when cases are changed. Nobody who holds these posts money."""

from django.db import connection
from django.db.models import QuerySet

from reconciliation.models import Case, CaseStatus

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('cage_cases'))"


def wait_for_the_others() -> None:
    """Until this transaction ends nobody else opens cases."""
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)


def held() -> QuerySet[Case]:
    """Those that are not closed, each locked: what a person decides meanwhile isn't overwritten.

    By number, as everybody who locks several; one that was closed while we waited is not among
    them.
    """
    return Case.objects.select_for_update().exclude(status=CaseStatus.CLOSED).order_by("id")
