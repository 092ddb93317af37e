"""A database where real money may lie: there a code is asked for after the password."""

import pytest

from wallets.models import DatabaseMark


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DatabaseMark, "is_demo", classmethod(lambda cls: False))
