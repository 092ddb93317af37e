"""Who came in and who did not, as django-axes writes it down."""

from collections.abc import Iterator
from typing import Any

from reconciliation.office.trail.records import Record


def came_in(rows: list[Any]) -> Iterator[Record]:
    return (_record(row, "Logged in.") for row in rows)


def failed(rows: list[Any]) -> Iterator[Record]:
    """Of a row that counts, how often."""
    for row in rows:
        times = getattr(row, "failures_since_start", 1)
        if getattr(row, "locked_out", False):
            yield _record(row, "Was locked out after failed logins.")
        else:
            yield _record(row, "Failed to log in." if times == 1 else f"Failed {times} times.")


def _record(row: Any, what: str) -> Record:
    return Record(
        at=row.attempt_time,
        kind="logins",
        who=row.username or "",
        what=what,
        on="",
        address=row.ip_address or "",
    )
