"""What the index of a long list is made of: one number for the fields that the list is filtered by,
and the order of its rows.

A list of millions is filtered by two or three words, alone or together, newest first. An index of
the words themselves and -id takes 93 bytes a row: as texts they are long, and where each
combination grows at its front every page of it splits in two halves that are never filled again. A
hash of the words and a number that rises take 32.
"""

from typing import Any

from django.db.models import F, Func, IntegerField, Value

# As an expression: only the index that is made for the list knows this order, so that no planner
# reads the whole table by its key instead, hoping to meet enough rows soon.
RISING = F("id") + 0


class Combined(Func):
    """A number that rows with the same words in these fields have in common, in that order.

    Others may have it too: who asks for it asks for the words as well.
    """

    function = "hashtext"
    arg_joiner = " || "

    def __init__(self, *fields: Any, **extra: Any) -> None:
        super().__init__(*fields, **{"output_field": IntegerField(), **extra})


def combined(*words: str) -> Combined:
    """The number of rows that hold these words."""
    return Combined(Value("".join(words)))
