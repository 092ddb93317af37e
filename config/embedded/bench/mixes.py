"""Many requests for one run, and what they must have made of the books afterwards."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, count

from config.embedded.bench import orders
from config.embedded.bench.load import Request
from config.embedded.bench.orders import PLAYERS

FAR = 600  # Requests: further apart than there are connections, so the earlier one is answered.

Choose = Callable[[], int]

_ids = count(10**9)  # No two requests of a run have the same, whichever scene they are for.
_random = random.Random(20251126)


def uniform() -> int:
    return _random.randrange(PLAYERS)


def hot() -> int:
    """The same one always."""
    return 0


def zipf() -> Choose:
    """Zipf 1.0: the second player half as often as the first, the third a third as often."""
    weights = list(accumulate(1 / (rank + 1) for rank in range(PLAYERS)))
    return lambda: _random.choices(range(PLAYERS), cum_weights=weights)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """`unkept` of them leave no callback: they only ask."""

    requests: list[Request]
    transactions: int
    unkept: int = 0

    @property
    def kept(self) -> int:
        return len(self.requests) - self.unkept


def settlements(size: int, choose: Choose = uniform) -> Mix:
    """New ones of JDB."""
    made = [orders.settlement(player(choose), next(_ids), _cents()) for _ in range(size)]
    return Mix(requests=made, transactions=size)


def of_many(size: int) -> Mix:
    """JDB's under four names in turn."""
    paths = [orders.JDBS[number % len(orders.JDBS)] for number in range(size)]
    made = [orders.settlement(player(), next(_ids), _cents(), path=path) for path in paths]
    return Mix(requests=made, transactions=size)


def of_besoft(size: int) -> Mix:
    made = [orders.besoft(player(), next(_ids), _cents()) for _ in range(size)]
    return Mix(requests=made, transactions=size)


def of_hotroad(size: int) -> Mix:
    made = [orders.hotroad(player(), next(_ids), _cents()) for _ in range(size)]
    return Mix(requests=made, transactions=size)


def matches(size: int, players: int) -> Mix:
    """SUD's, of so many players each."""
    made = [
        orders.sud([f"p{n}" for n in _random.sample(range(PLAYERS), players)], next(_ids))
        for _ in range(size)
    ]
    return Mix(requests=made, transactions=size)


def with_resends(size: int, share: float) -> Mix:
    """`share` of them repeat one that was answered a while ago: success again."""
    made: list[Request] = []
    new: list[Request] = []
    for _ in range(size):
        if len(new) > FAR and _random.random() < share:
            made.append(_random.choice(new[:-FAR]))
        else:
            new.append(orders.settlement(player(), next(_ids), _cents()))
            made.append(new[-1])
    return Mix(requests=made, transactions=len(new))


def with_conflicts(size: int, share: float) -> Mix:
    """`share` of them come under an id that was answered a while ago, with another amount."""
    made: list[Request] = []
    new: list[int] = []
    for _ in range(size):
        if len(new) > FAR and _random.random() < share:
            id_ = _random.choice(new[:-FAR])
            made.append(orders.settlement(player(), id_, 1001, ok=b'"status":"9999"'))
        else:
            new.append(next(_ids))
            made.append(orders.settlement(player(), new[-1], _cents()))
    return Mix(requests=made, transactions=len(new))


def rounds(size: int) -> Mix:
    """Bet, two looks at the balance, settlement; each a while after the other."""
    made: list[Request] = []
    parts: list[list[Request]] = [[], [], [], []]
    for _ in range(size // 4):
        uid, first, second = player(), next(_ids), next(_ids)
        settled = orders.settlement(uid, second, _cents(), bet=first)
        asked = [orders.bet(uid, first), orders.poll(uid), orders.poll(uid), settled]
        for part, request in zip(parts, asked, strict=True):
            part.append(request)
    lag = min(FAR, size // 4)
    for number in range(size // 4 + 3 * lag):
        for place, part in enumerate(parts):
            if 0 <= number - place * lag < len(part):
                made.append(part[number - place * lag])
    return Mix(requests=made, transactions=size // 4 * 2, unkept=size // 4 * 2)


def player(choose: Choose = uniform) -> str:
    return f"p{choose()}"


def _cents() -> int:
    return _random.randrange(1, 1000)
