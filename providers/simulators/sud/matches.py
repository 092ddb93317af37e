"""What players win and lose in a SUD match, robots included."""

from collections.abc import Sequence
from random import Random

LARGEST = 9
COMMISSION = 20  # The house takes one point of so many won.


def result(uid: str, score: int, commission: int) -> dict[str, object]:
    return {
        "is_ai": 0 if uid else 1,
        "uid": uid,
        "score": score,
        "remain_score": max(score, 0),
        "commission_score": commission,
    }


def results(uids: Sequence[str], luck: Random) -> list[dict[str, object]]:
    lines = zip(uids, scores(luck, len(uids)), strict=True)
    return [result(uid, score, commission) for uid, (score, commission) in lines]


def scores(luck: Random, seats: int) -> list[tuple[int, int]]:
    """(score, commission) of each seat; the scores' sum is minus the commissions' sum."""
    stakes = [luck.randint(0, 50) for _ in range(seats - 1)]
    pot = sum(stakes)
    commission = pot // COMMISSION
    lines = [(-stake, 0) for stake in stakes] + [(pot - commission, commission)]
    luck.shuffle(lines)
    return lines
