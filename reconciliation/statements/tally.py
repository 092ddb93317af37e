"""What is counted while a file is read."""

from dataclasses import dataclass, field
from datetime import datetime

from providers.protocols.reports import Expected
from reconciliation.statements.refused import Problem

SHOWN = 50


@dataclass(slots=True, kw_only=True)
class Tally:
    """`rows` of the file, `bad` ones that can't be read, `idle` ones that expect no movement, and
    `lines`: the movements that all others expect. `problems` are the first of the bad ones."""

    rows: int = 0
    bad: int = 0
    idle: int = 0
    lines: int = 0
    problems: list[Problem] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)
    earliest: datetime | None = None
    latest: datetime | None = None

    def refuse(self, number: int, column: str, sentence: str) -> None:
        """A row that can't be read."""
        self.bad += 1
        if len(self.problems) < SHOWN:
            self.problems.append((number, column, sentence))

    def accept(self, expected: Expected) -> None:
        """A movement that a row expects."""
        self.lines += 1
        self.operations.add(expected.operation)
        time = expected.occurred_at
        if time is None:
            return
        if self.earliest is None or self.latest is None:
            self.earliest = self.latest = time
        elif time < self.earliest:
            self.earliest = time
        elif time > self.latest:
            self.latest = time
