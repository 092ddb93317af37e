"""Which rows somebody asks for: words of a form or a command, checked before anything is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import models
from django.utils import timezone

from reconciliation.models import Statement
from wallets.models import Player


class BadFilter(Exception):
    """Why nothing can be exported so; a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`read` makes a value of the word or raises BadFilter; `where` is the SQL that it fills."""

    where: str
    read: Callable[[str], Any] = str
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The conditions of a query, and what fills them."""

    where: str
    by_name: Mapping[str, Any]

    @property
    def values(self) -> list[Any]:
        return list(self.by_name.values())


def choose(stated: Mapping[str, str], filters: Mapping[str, Filter]) -> Chosen:
    """What `stated` limits; a word that is empty limits nothing. Raises BadFilter.

    A filter that this export doesn't know is refused: ignored, it would let out more than was
    asked for.
    """
    given = {name: word for name, word in stated.items() if word}
    for name in given.keys() - filters.keys():
        raise BadFilter(f"This export can't be limited by {name!r}.")
    for name, filter_ in filters.items():
        if filter_.needed and name not in given:
            raise BadFilter(f"Say which {name}.")
    values = {name: filters[name].read(word) for name, word in given.items()}
    if "since" in values and "until" in values and values["since"] >= values["until"]:
        raise BadFilter("`since` has to be before `until`.")
    return Chosen(
        where=" AND ".join(["true", *(filters[name].where for name in values)]),
        by_name=values,
    )


# -- How a word is read ------------------------------------------------------------------------


def instant(word: str) -> datetime:
    """The beginning of a day in the zone of Cage, or a time."""
    try:
        if len(word) == len("2026-11-21"):
            moment = datetime.combine(date.fromisoformat(word), time.min)
        else:
            moment = datetime.fromisoformat(word)
    except ValueError:
        raise BadFilter(
            f"{word!r} is not a day or a time, such as 2026-11-21 or 2026-11-21T12:00:00+01:00."
        ) from None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def one_of(choices: type[models.TextChoices], *more: str) -> Callable[[str], str]:
    words = [*choices.values, *more]

    def read(word: str) -> str:
        if word not in words:
            raise BadFilter(f"{word!r} is none of {', '.join(words)}.")
        return word

    return read


def statement(word: str) -> int:
    number = int(word) if word.isdecimal() and len(word) < 18 else 0
    if not Statement.objects.filter(pk=number).exists():
        raise BadFilter(f"There is no statement {word!r}.")
    return number


def player(word: str) -> str:
    if not Player.objects.filter(uid=word).exists():
        raise BadFilter(f"There is no player {word!r}.")
    return word
