"""Why a file is not imported. Nothing of it is kept then."""

from collections.abc import Sequence

# The row of the file, the heading of its column ("" where it is of none), and a sentence.
Problem = tuple[int, str, str]


class Refused(Exception):
    """Nothing was imported, and this is why: a sentence for whoever has the file.

    `problems` are the first bad rows, and `count` is how many there are.
    """

    def __init__(self, sentence: str, problems: Sequence[Problem] = (), count: int = 0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.problems = list(problems)
        self.count = count or len(self.problems)


class UnknownDay(Refused):
    """It has to be said which time the file is about."""
