"""Whatever bytes arrive can be read."""

import pytest

from providers import readable


@pytest.mark.parametrize(
    ("raw", "form", "text"),
    [
        (b'{"a":1.10}', "JSON, indented", '{\n  "a": 1.10\n}'),
        (b'{"a":', "Text", '{"a":'),
        (b"a\x00b", "Text", "a\\u0000b"),
        (b"[" * 100_000, "Text", "[" * 100_000),
        (b"\xff\x41", "Not text, in hexadecimal", "000000  ff 41"),
    ],
)
def test_whatever_arrives_can_be_read(raw: bytes, form: str, text: str) -> None:
    assert readable.read(raw)[0] == form
    assert readable.read(raw)[1].startswith(text)


def test_a_long_body_is_cut_and_says_so() -> None:
    panel = readable.panel(b"x" * 100_000)
    assert "100,000 bytes; the first 20,000 characters are shown" in panel
    assert len(panel) < 21_000
