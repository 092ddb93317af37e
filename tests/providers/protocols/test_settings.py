"""What all providers may say in PROVIDERS."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from providers.protocols import PROTOCOLS
from providers.protocols.base import Protocol, Settings


@pytest.mark.parametrize("path", ["", "b-7f3a9c", ["b-7f3a9c", "b_OLD"], "x" * 128])
def test_a_path_is_a_word_or_several(path: Any) -> None:
    assert msgspec.convert({"path": path}, Settings).path == path


@pytest.mark.parametrize(
    "path", ["a/b", "a b", "a\n", "é", "x" * 129, ["ok", "a/b"], ["ok", ""], 7, None]
)
def test_a_path_that_is_no_word_is_an_error(path: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"path": path}, Settings)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="unfamiliar"):
        msgspec.convert({"unfamiliar": 1}, Settings)


def test_settings_never_print_their_secrets() -> None:
    assert repr(Settings(path="unguessable")) == "<Settings>"


@pytest.mark.parametrize("protocol", PROTOCOLS.values())
def test_no_setting_is_a_union_that_msgspec_frees_wrongly(protocol: type[Protocol[Any]]) -> None:
    """A str with a pattern, or else a list or dict: then 0.22 decrements a wrong address."""
    hints = get_type_hints(protocol.Settings, include_extras=True)
    for name, hint in hints.items():
        members = get_args(hint) if get_origin(hint) in (Union, UnionType) else ()
        constrained = [member for member in members if get_origin(member) is Annotated]
        containers = [member for member in members if get_origin(member) in (list, dict)]
        assert not (constrained and containers), name
