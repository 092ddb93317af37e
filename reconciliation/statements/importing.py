"""A file becomes a statement: all of it in one commit, or nothing."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from io import BufferedReader
from pathlib import Path

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from providers import registry
from providers.registry import Provider
from reconciliation.models import Layout, Statement, StatementFormat, StatementStatus
from reconciliation.statements import checking, files, formats, keeping, periods, reading
from reconciliation.statements.checking import Stated as Stated
from reconciliation.statements.refused import Problem as Problem
from reconciliation.statements.refused import Refused as Refused
from reconciliation.statements.refused import UnknownDay as UnknownDay
from reconciliation.statements.tally import Tally
from wallets import text

# Called now and then with the number of rows read and roughly which part of the file that is.
Watch = Callable[[int, float], None]
WATCHED_EVERY = 2000


def import_file(
    *,
    provider: str,
    path: Path | str,
    file_name: str,
    format: StatementFormat,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    day: date | None = None,
    stated: Stated | None = None,
    skip_bad: bool = False,
    by: User | None = None,
    at: datetime,
    watch: Watch = lambda rows, share: None,
) -> Statement:
    """Read the whole file and keep its lines (or totals), in one commit of its own.

    It is about `day` of the provider's reports, or `start_at` to `end_at`; where nothing is said,
    about the one day that all its times are of. A row that can't be read refuses the file, and
    with `skip_bad` becomes a rejected line (not of a file of totals, which has none). Raises
    Refused, and then nothing is kept.
    """
    configured = _configured(provider, format)
    period = periods.stated(
        start_at=start_at, end_at=end_at, day=day, zone=configured.protocol.zone
    )
    with Path(path).open("rb") as handle:
        sha256, size = _digest(handle)
        _check_new(provider, sha256)
        statement = Statement(
            provider=provider,
            format=format,
            file_name=text.printable(file_name)[:200],
            sha256=sha256,
            size=size,
            rows=0,
            imported_at=at,
            imported_by=by,
        )
        source = _watched(handle, format, size, watch)
        try:
            with transaction.atomic(durable=True):
                _keep(statement, source, configured, period, stated or Stated(), skip_bad=skip_bad)
        except files.BadFile as error:
            raise _refused(error) from error
        except IntegrityError:
            _check_new(provider, sha256)  # Somebody else was faster.
            raise
    return statement


def _configured(provider: str, format: StatementFormat) -> Provider:
    if problems := formats.problems(format, provider):
        raise Refused(" ".join(problems))
    return registry.current().by_name[provider]


def _digest(handle: BufferedReader) -> tuple[str, int]:
    """SHA-256 and size of the file."""
    digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return digest, handle.tell()


def _check_new(provider: str, sha256: str) -> None:
    found = Statement.objects.filter(
        provider=provider, sha256=sha256, status=StatementStatus.IMPORTED
    ).first()
    if found:
        raise Refused(f"The same file is already imported as statement #{found.pk}.")


def _watched(
    handle: BufferedReader, format: StatementFormat, size: int, watch: Watch
) -> Iterator[tuple[int, files.Read]]:
    for count, row in enumerate(files.read(handle, format=format)):
        if not count % WATCHED_EVERY:
            watch(count, min(handle.tell() / size, 1.0))
        yield row


def _keep(
    statement: Statement,
    source: Iterator[tuple[int, files.Read]],
    provider: Provider,
    period: periods.Period | None,
    stated: Stated,
    *,
    skip_bad: bool,
) -> None:
    """All that happens in the transaction. Raises Refused, BadFile."""
    _begin(statement, period)
    reader = reading.reader(statement.format, provider)
    if statement.format.layout == Layout.TOTALS:
        if stated.sums:
            raise Refused("A file of totals has no lines that could be added up: state its rows.")
        tally = keeping.sums(statement, source, reader)
        checking.check_rows(tally, stated, skip_bad=False)
    else:
        tally = keeping.lines(statement, source, reader, skip_bad=skip_bad)
        checking.check_rows(tally, stated, skip_bad=skip_bad)
        checking.check_sums(checking.sums(statement), stated)
        checking.check_operations(tally, provider)
    _finish(statement, tally, period or periods.of_times(tally, provider.protocol.zone))


def _begin(statement: Statement, period: periods.Period | None) -> None:
    """Lines need their statement. Which time it is about is known when all are read."""
    statement.start_at = period.start_at if period else statement.imported_at
    statement.end_at = period.end_at if period else statement.imported_at + timedelta(days=1)
    statement.save()


def _finish(statement: Statement, tally: Tally, period: periods.Period) -> None:
    periods.check(period, tally)
    statement.start_at, statement.end_at = period.start_at, period.end_at
    statement.day = period.day
    statement.rows, statement.rejected = tally.rows, tally.bad
    statement.save()


def _refused(error: files.BadFile) -> Refused:
    problems = [(error.row, error.column, error.sentence)] if error.row else []
    return Refused(str(error), problems)
