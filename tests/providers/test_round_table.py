"""The page about rounds says what the protocols state."""

from pathlib import Path

from providers.protocols import round_table

PAGE = Path(__file__).parents[2] / "docs" / "rounds.md"


def test_the_page_is_written_from_what_the_protocols_state() -> None:
    assert PAGE.read_text() == round_table.text(), "run python -m providers.protocols.round_table"
