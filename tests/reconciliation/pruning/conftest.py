"""Books in which January and February 2025 have their partitions, and their hourly figures."""

from collections.abc import Iterator

import pytest

from reconciliation import pruning
from tests.cast import Books
from tests.reconciliation.pruning import months


@pytest.fixture
def old_books(books: Books, providers: None) -> Iterator[Books]:
    months.drop()
    months.make()
    books.open("john", "USD", "100")
    months.read_figures()
    yield books
    months.drop()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "TRIES", 2)
    monkeypatch.setattr(pruning, "PAUSE", 0)
