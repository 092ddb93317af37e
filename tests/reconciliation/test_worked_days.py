"""A worked day of each provider: its deliveries, its report as a file, and where everything stands.

The headings are made up, as staff would meet them: no report's own are known.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from reconciliation import exporting
from reconciliation.matching import matching, results
from reconciliation.models import Case, Layout, Statement, StatementFormat
from reconciliation.statements import importing
from tests import staff
from tests.cast import Books
from tests.conftest import PROVIDERS
from tests.providers import hotroad, senders
from tests.providers.senders import altered, send

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 25, tzinfo=UTC)
TS = int(NOON.timestamp() * 1000)


@pytest.fixture
def worked(books: Books, tmp_path: Path) -> Callable[..., Statement]:
    """Import a report and match it."""

    def work(provider: str, text: str, **stated: Any) -> Statement:
        format_ = StatementFormat.objects.create(
            name=f"{provider}-report", layout=Layout.REPORT, **{"protocol": provider, **stated}
        )
        file = tmp_path / "report.csv"
        file.write_text(text)
        statement = importing.import_file(
            provider=provider,
            path=file,
            file_name=file.name,
            format=format_,
            day=DAY,
            at=LATER,
        )
        return matching.match(statement, at=LATER)

    return work


def table(statement: Statement) -> list[str]:
    """As `match_statement` prints it: the bucket, then lines and entries with debit and credit."""
    return [
        f"{row.label} {row.currency}: {row.lines} -{row.line_debit:.2f} +{row.line_credit:.2f}"
        f" | {row.entries} -{row.entry_debit:.2f} +{row.entry_credit:.2f}"
        for row in results.of(statement).rows
    ]


def open_cases() -> list[str]:
    found = Case.objects.exclude(status="closed").order_by("kind", "subject")
    return [f"{one.kind} {one.subject} {one.player} {one.amount} {one.currency}" for one in found]


HOTROAD = """\
Bet No,Member,Stake,Payout,Placed
A-1,hrgpl0001,10.00,0.00,2026-11-20 20:00:00
A-2,hrgpl0001,10.00,19.50,2026-11-20 20:05:00
A-3,hrgpl0001,5.00,9.75,2026-11-20 20:10:00
A-4,hrgpl0002,20.00,39.00,2026-11-20 20:15:00
A-4,hrgpl0002,20.00,39.00,2026-11-20 20:15:00
"""


def test_a_day_of_hotroad(
    books: Books, configure: Callable[..., None], worked: Callable[..., Statement]
) -> None:
    """A row is a bet and its payout. The payout of A-3 never came, that of A-4 was another."""
    configure(hotroad={"currency": "THB", "allowed_ips": ["127.0.0.0/8"], "uid_prefix": "hrg"})
    for uid in ("pl0001", "pl0002"):
        books.open(uid, "THB", "100")
    ts = "2026-11-20T20:00:00.000+0800"
    for id_, uid, stake, payout in (
        ("A-1", "hrgpl0001", "10", "0"),
        ("A-2", "hrgpl0001", "10", "19.5"),
        ("A-3", "hrgpl0001", "5", ""),
        ("A-4", "hrgpl0002", "20", "40"),
        ("A-5", "hrgpl0002", "1", ""),
    ):
        assert hotroad.code(hotroad.bet(txId=id_, userId=uid, betAmount=stake, ts=ts)) == "0000"
        if payout:
            paid = hotroad.settle(txId=id_, userId=uid, winAmount=payout, ts=ts)
            assert hotroad.code(paid) == "0000"
    statement = worked(
        "hotroad",
        HOTROAD,
        columns={
            "txId": "Bet No",
            "userId": "Member",
            "betAmount": "Stake",
            "winAmount": "Payout",
            "betTime": "Placed",
        },
    )
    assert table(statement) == [
        "Matched THB: 6 -45.00 +19.50 | 6 -45.00 +19.50",
        "Only in the statement THB: 1 -0.00 +9.75 | 0 -0.00 +0.00",
        "Only in the ledger THB: 0 -0.00 +0.00 | 1 -1.00 +0.00",
        "Amount differs THB: 1 -0.00 +39.00 | 1 -0.00 +40.00",
        "Repeated line THB: 2 -20.00 +39.00 | 0 -0.00 +0.00",
        "All THB: 10 -65.00 +107.25 | 8 -46.00 +59.50",
    ]
    assert open_cases() == [
        "amount_differs settle:A-4 pl0002 1.00000000 THB",
        "only_in_ledger bet:A-5 pl0002 1.00000000 THB",
        "only_in_statement settle:A-3 pl0001 9.75000000 THB",
        "repeated_line bet:A-4 pl0002 20.00000000 THB",
        "repeated_line settle:A-4 pl0002 39.00000000 THB",
    ]


JDB = """\
Type;Transfer;Player;Cur;Amount;Bets;Time
10;272017;alice;XX;0,10;272016;20-11-2026 08:00:00
10;272018;alice;XX;1.250,50;;20-11-2026 08:05:00
10;272019;alice;RB;7,00;;20-11-2026 08:10:00
9;272016;alice;XX;0,20;;20-11-2026 07:59:00
12;500;alice;XX;5,00;;20-11-2026 09:00:00
"""


def test_a_day_of_jdb(books: Books, providers: None, worked: Callable[..., Statement]) -> None:
    """Bets don't pass through Cage here. 272018 is unknown to it, 272019 came in dollars."""
    for currency in ("USD", "CNY"):
        books.open("alice", currency, "10")
    verbatim = senders.verbatim("jdb", "settle")
    for id_, amount in ((272017, 0.1), (272019, 7)):
        body = altered(verbatim, transferId=id_, uid="alice", amount=amount, ts=TS)
        assert send(senders.jdb(body)).json["status"] == "0000"
    statement = worked(
        "jdb",
        JDB,
        delimiter=";",
        decimal_mark=",",
        grouping=".",
        dates="%d-%m-%Y %H:%M:%S",
        columns={
            "action": "Type",
            "transferId": "Transfer",
            "uid": "Player",
            "currency": "Cur",
            "amount": "Amount",
            "refTransferIds": "Bets",
            "ts": "Time",
        },
    )
    assert table(statement) == [
        "Currency differs CNY: 1 -0.00 +7.00 | 0 -0.00 +0.00",
        "All CNY: 1 -0.00 +7.00 | 0 -0.00 +0.00",
        "Matched USD: 1 -0.00 +0.10 | 1 -0.00 +0.10",
        "Only in the statement USD: 2 -0.00 +1255.50 | 0 -0.00 +0.00",
        "Currency differs USD: 0 -0.00 +0.00 | 1 -0.00 +7.00",
        "Not handled here USD: 1 -0.20 +0.00 | 0 -0.00 +0.00",
        "All USD: 4 -0.20 +1255.60 | 2 -0.00 +7.10",
    ]
    assert open_cases() == [
        "currency_differs settle:272019 alice 7.00000000 USD",
        "only_in_statement activity_reward:500 alice 5.00000000 USD",
        "only_in_statement settle:272018 alice 1250.50000000 USD",
    ]


SUD = """\
match,player,result,robot
m-1,fa1c53c4,-100,0
m-1,f0818db8,-100,0
m-1,,200,1
m-2,fa1c53c4,50,0
m-2,nobody,-50,0
"""


def test_a_day_of_sud(books: Books, providers: None, worked: Callable[..., Statement]) -> None:
    """A row for each player. In m-2 they say that another one lost; robots are nobody's money."""
    for uid in ("fa1c53c4", "f0818db8"):
        books.open(uid, "COIN", "500")
    body = json.loads(senders.verbatim("sud", "match_settle"))
    for id_, scores in (("m-1", (-100, -100)), ("m-2", (50, -50))):
        body["data"] |= {"match_id": id_, "battle_end_at": str(TS // 1000)}
        for player, score in zip(body["data"]["results"], scores, strict=True):
            player["score"] = score
        assert send(senders.sud(json.dumps(body).encode())).json["ret_code"] == 0
    statement = worked(
        "sud",
        SUD,
        columns={"match_id": "match", "uid": "player", "score": "result", "is_ai": "robot"},
        constants={"operation": "match"},
        shows_all_players=True,
    )
    assert table(statement) == [
        "Matched COIN: 3 -200.00 +50.00 | 3 -200.00 +50.00",
        "Player differs COIN: 1 -50.00 +0.00 | 1 -50.00 +0.00",
        "All COIN: 4 -250.00 +50.00 | 4 -250.00 +50.00",
    ]
    assert open_cases() == ["player_differs match:m-2 f0818db8 50.00000000 COIN"]
    assert (statement.rows, statement.rejected) == (5, 0)
    page = staff.superuser().get(f"reconciliation/statement/{statement.pk}/change/")
    assert "Expects no movement." not in page
    file = BytesIO()
    exporting.export("statement", {"statement": str(statement.pk)}, "csv", file, by=None, at=LATER)
    kept = [row for row in file.getvalue().decode().splitlines() if "no_movement" in row]
    assert len(kept) == 1


BESOFT = """\
order,account,bet,win,at
t1,alice,1.00,10.00,2026-11-20T12:00:00Z
t2,alice,1.00,0.00,2026-11-20T12:01:00Z
t3,alice,2.00,8.00,2026-11-20T12:02:00Z
"""


def test_a_day_of_besoft(books: Books, providers: None, worked: Callable[..., Statement]) -> None:
    """t3 was refused for want of money, and they count it good: it can't be booked under its id."""
    books.open("alice", "USD", "1")
    verbatim = senders.verbatim("besoft", "result")
    for id_, bet, win in (("t1", 1, 10), ("t2", 1, 0), ("t3", 200, 8)):
        send(senders.besoft(altered(verbatim, transId=id_, uid="alice", bet=bet, win=win, ts=TS)))
    assert books.transactions() == ["result:t1", "result:t2"]
    statement = worked(
        "besoft",
        BESOFT,
        columns={"transId": "order", "uid": "account", "bet": "bet", "win": "win", "ts": "at"},
    )
    assert table(statement) == [
        "Matched USD: 2 -2.00 +10.00 | 2 -2.00 +10.00",
        "Only in the statement USD: 1 -2.00 +8.00 | 0 -0.00 +0.00",
        "All USD: 3 -4.00 +18.00 | 2 -2.00 +10.00",
    ]
    assert open_cases() == ["only_in_statement result:t3 alice 6.00000000 USD"]


def test_a_healed_day_is_all_matched(
    books: Books, configure: Callable[..., None], worked: Callable[..., Statement]
) -> None:
    """Matched again after the callback has come late: nothing is open, nor the next time."""
    configure(jdb={**PROVIDERS["jdb"]})
    books.open("alice", "USD", "10")
    text = "action,transferId,uid,currency,amount\n10,272017,alice,XX,0.1\n"
    columns = {name: name for name in ("action", "transferId", "uid", "currency", "amount")}
    statement = worked("jdb", text, columns=columns)
    assert open_cases() == ["only_in_statement settle:272017 alice 0.10000000 USD"]
    verbatim = senders.verbatim("jdb", "settle")
    send(senders.jdb(altered(verbatim, uid="alice", ts=TS)))
    for _ in range(2):
        matching.match(statement, at=LATER)
        assert table(statement)[0] == "Matched USD: 1 -0.00 +0.10 | 1 -0.00 +0.10"
        assert open_cases() == []
