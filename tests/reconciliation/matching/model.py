"""The rules of the buckets once more, one movement after the other, in plain Python."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

GRACE = timedelta(minutes=15)
PATIENCE = timedelta(hours=48)


@dataclass(eq=False)
class Line:
    number: int
    id: str
    uid: str
    currency: str
    debit: Decimal
    credit: Decimal
    net_only: bool = False
    moment: datetime | None = None
    bucket: str = ""
    movement: "Movement | None" = None

    @property
    def net(self) -> Decimal:
        return self.credit - self.debit


@dataclass(eq=False)
class Movement:
    transaction: int
    number: int
    id: str
    uid: str
    currency: str
    debit: Decimal
    credit: Decimal
    moment: datetime
    corrected: bool = False
    line: Line | None = None

    @property
    def net(self) -> Decimal:
        return self.credit - self.debit


@dataclass(eq=False)
class Statement:
    start: datetime
    end: datetime
    lines: list[Line]
    tolerance: Decimal = Decimal(0)
    entries: dict[Movement, str] = field(default_factory=dict)  # Only in the ledger, or in flight.
    matched: bool = False


Fits = Callable[[Line, Movement], bool]


def exactly(line: Line, movement: Movement) -> bool:
    return in_the_same_wallet(line, movement) and (line.debit, line.credit) == (
        movement.debit,
        movement.credit,
    )


def by_the_same_net(line: Line, movement: Movement) -> bool:
    return in_the_same_wallet(line, movement) and line.net == movement.net


def in_the_same_wallet(line: Line, movement: Movement) -> bool:
    return of_the_same_player(line, movement) and in_the_same_currency(line, movement)


def of_the_same_player(line: Line, movement: Movement) -> bool:
    return line.uid == movement.uid


def in_the_same_currency(line: Line, movement: Movement) -> bool:
    return line.currency == movement.currency


def at_all(line: Line, movement: Movement) -> bool:
    return True


def match(
    statement: Statement,
    ledger: Sequence[Movement],
    others: Sequence[Statement],
    *,
    at: datetime,
    handles: Callable[[str], bool],
) -> None:
    """Decide a statement anew. What other statements have is theirs."""
    statement.matched = True
    statement.entries = {}
    own = set(statement.lines)
    for movement in ledger:
        if movement.line in own:
            movement.line = None
    for line in statement.lines:
        line.bucket, line.movement = "", None
    for id_ in {line.id for line in statement.lines}:
        lines = [line for line in statement.lines if line.id == id_]
        _pair(statement, lines, [one for one in ledger if one.id == id_])
    for line in statement.lines:
        if not line.bucket:
            line.bucket = _left(statement, line, at, handles)
    _ledger_side(statement, ledger, others, at)


def _pair(statement: Statement, lines: list[Line], movements: list[Movement]) -> None:
    order = sorted(movements, key=lambda one: (not one.corrected, one.number))
    full = [line for line in lines if not line.net_only]
    net = [line for line in lines if line.net_only]
    _take(full, order, exactly, lambda line, movement: "matched")
    _take(net, order, by_the_same_net, lambda line, movement: "matched")
    _repeat(lines, movements)
    _take(lines, order, in_the_same_wallet, lambda line, found: _within(statement, line, found))
    _take(lines, order, of_the_same_player, lambda line, movement: "currency_differs")
    _take(lines, order, in_the_same_currency, lambda line, movement: "player_differs")
    _take(lines, order, at_all, lambda line, movement: "player_differs")


def _take(
    lines: list[Line],
    movements: list[Movement],
    fits: Fits,
    bucket: Callable[[Line, Movement], str],
) -> None:
    for line in lines:
        if line.bucket:
            continue
        for movement in movements:
            if movement.line is None and fits(line, movement):
                line.movement, movement.line = movement, line
                line.bucket = bucket(line, movement)
                break


def _repeat(lines: list[Line], movements: list[Movement]) -> None:
    for wallet in {(line.uid, line.currency) for line in lines}:
        same = [line for line in lines if (line.uid, line.currency) == wallet]
        free = [line for line in same if not line.bucket]
        booked = [one for one in movements if (one.uid, one.currency) == wallet]
        is_taken = bool(booked) and all(one.line is not None for one in booked)
        if len(free) == len(same) and not is_taken:
            free = free[1:]
        for line in free:
            line.bucket = "repeated_line"


def _within(statement: Statement, line: Line, movement: Movement) -> str:
    if line.net_only:
        differences = [line.net - movement.net]
    else:
        differences = [line.debit - movement.debit, line.credit - movement.credit]
    near = all(abs(one) <= statement.tolerance for one in differences)
    return "matched" if near else "amount_differs"


def _left(statement: Statement, line: Line, at: datetime, handles: Callable[[str], bool]) -> str:
    if not handles(line.id.partition(":")[0]):
        return "not_handled"
    late = line.moment is not None and line.moment >= statement.end - GRACE
    return "in_flight" if late and at < statement.end + GRACE else "only_in_statement"


def _ledger_side(
    statement: Statement, ledger: Sequence[Movement], others: Sequence[Statement], at: datetime
) -> None:
    own = set(statement.lines)
    paired = {one.transaction for one in ledger if one.line in own}
    counting = [one for one in others if one.matched]
    before = any(one.start < statement.start <= one.end for one in counting)
    after = any(one.start <= statement.end < one.end for one in counting)
    for movement in ledger:
        inside = statement.start <= movement.moment < statement.end
        if movement.line is None and (inside or movement.transaction in paired):
            near_start = near_by(movement.moment, statement.start)
            near_end = near_by(movement.moment, statement.end)
            waits = (near_start and not before and at < statement.start + PATIENCE) or (
                near_end and not after and at < statement.end + PATIENCE
            )
            statement.entries[movement] = "in_flight" if waits else "only_in_ledger"


def near_by(moment: datetime, edge: datetime) -> bool:
    return edge - GRACE <= moment < edge + GRACE
