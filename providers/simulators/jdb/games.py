"""JDB's games, from the first bet to the last settlement."""

from collections.abc import Mapping
from decimal import Decimal
from random import Random

from providers.simulators.base import Game, Message, Table
from providers.simulators.jdb.orders import GMT_4, Orders

Player = Mapping[str, str]  # uid and currency, as they stand in a message

BETS = [Decimal(bet) for bet in ("0.1", "0.2", "0.5", "1", "2.5", "10")]
WINS = [Decimal(times) for times in ("0", "0.5", "2", "5", "12.5")]
WEIGHTS = [50, 20, 20, 8, 2]

# A number of ids for each round: its bets, its settlements, and the cancels of the bets.
IDS, BET, SETTLEMENT, CANCEL = 8, 0, 2, 4


def times_won(luck: Random) -> Decimal:
    return luck.choices(WINS, WEIGHTS)[0]


def play(orders: Orders, first: int, player: Player, table: Table) -> Game:
    """A round of one of the games; its ids are the IDS from `first` on."""
    (game,) = table.luck.choices([cards, slot, fish, reward], [50, 30, 15, 5])
    return game(orders, first, player, table)


def cards(orders: Orders, first: int, player: Player, table: Table) -> Game:
    """One bet or two that are settled together; an open round is settled a second time."""
    luck = table.luck
    bets = [
        orders.bet(first + BET + seat, player, table.stake(BETS))
        for seat in range(luck.choices([1, 2], [75, 25])[0])
    ]
    times = [times_won(luck) for _ in range(luck.choices([1, 2], [80, 20])[0])]

    def settle(standing: tuple[Message, ...]) -> tuple[Message, ...]:
        stake = sum((bet.fields["amount"] for bet in standing), Decimal(0))
        return tuple(
            orders.settle(
                first + SETTLEMENT + part,
                player,
                bets=[bet.fields["transferId"] for bet in standing],
                stake=stake,
                amount=stake * won,
                at=table.at,
                closed=part == len(times) - 1,
            )
            for part, won in enumerate(times)
        )

    return Game(opening=tuple(bets), settle=settle)


def slot(orders: Orders, first: int, player: Player, table: Table) -> Game:
    bet = table.stake(BETS)
    win = bet * times_won(table.luck)
    if table.luck.random() < 0.05:  # Seen in public integrations: an item's reward.
        bet, win = Decimal(0), table.luck.choice(BETS)
    result = orders.bet_and_settle(first, player, bet=bet, win=win, at=table.at)
    return Game(opening=(result,))


def fish(orders: Orders, first: int, player: Player, table: Table) -> Game:
    taken = 10 * table.stake(BETS)
    bet = taken * Decimal("0.6")
    win = bet * times_won(table.luck)

    def settle(standing: tuple[Message, ...]) -> tuple[Message, ...]:
        (withdrawal,) = standing
        their_id = withdrawal.fields["transferId"]
        return (
            orders.deposit(
                first + SETTLEMENT, player, withdrawal=their_id, taken=taken, bet=bet, win=win
            ),
        )

    return Game(opening=(orders.withdraw(first, player, taken),), settle=settle)


def reward(orders: Orders, first: int, player: Player, table: Table) -> Game:
    activity: dict[str, object] = {
        "action": 12,
        "activityNo": str(first),
        "activityName": "累计龙虎榜",
        "activityDate": f"{table.at.astimezone(GMT_4):%d-%m-%Y}",
    }
    free_spin: dict[str, object] = {"action": 16, "eventId": 12345}
    more = table.luck.choice([activity, free_spin])
    amount = table.luck.choice(BETS)
    return Game(opening=(orders.reward(first + SETTLEMENT, player, amount, more),))
