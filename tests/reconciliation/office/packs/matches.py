"""A match of several players with all that can be known of it, and packs as they come out."""

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

from django.http import FileResponse
from django.utils import timezone

from providers.models import Callback
from reconciliation import cases
from reconciliation.models import Case, Line, Statement, StatementFormat
from reconciliation.office.work import attachments, comments
from tests.cast import Books
from tests.providers import senders
from tests.providers.senders import altered, send
from tests.staff import Staff

MATCH = senders.verbatim("sud", "match_settle")
NINE = ["alice", *(f"rival-{letter}" for letter in "bcdefghi")]


def body(players: Mapping[str, int], match_id: str, **changes: Any) -> bytes:
    results = [
        {"is_ai": 0, "uid": uid, "score": score, "remain_score": 0}
        for uid, score in players.items()
    ]
    data = {**json.loads(MATCH)["data"], "match_id": match_id, "results": results, **changes}
    return altered(MATCH, data=data)


def play(books: Books, players: Mapping[str, int], match_id: str = "m1") -> Case:
    """Settled, resent with other scores, and so a conflict."""
    for uid in players:
        books.open(uid, "COIN", "5000")
    send(senders.sud(body(players, match_id)))
    send(senders.sud(body({uid: score + 1 for uid, score in players.items()}, match_id)))
    cases.update(at=timezone.now())
    return Case.objects.get(subject=f"match:{match_id}")


def list_it(players: Mapping[str, int], match_id: str = "m1", **changes: Any) -> Statement:
    """A statement of today that lists each player's movement; all are one row of the file."""
    now = timezone.now()
    kept = Statement.objects.create(
        **{
            "provider": "sud",
            "format": StatementFormat.objects.get(name="cage"),
            "file_name": "sud.csv",
            "sha256": f"{Statement.objects.count():064}",
            "size": 10,
            "start_at": now - timedelta(hours=12),
            "end_at": now + timedelta(hours=12),
            "rows": 1,
            "imported_at": now,
            **changes,
        }
    )
    cells = json.dumps([{"uid": uid, "score": score} for uid, score in players.items()])
    for part, (uid, score) in enumerate(players.items(), start=1):
        Line.objects.create(
            statement=kept,
            number=2,
            part=part,
            transaction_id=f"match:{match_id}",
            uid=uid,
            currency="COIN",
            debit=max(-score, 0),
            credit=max(score, 0),
            original=cells if part == 1 else "",
        )
    return kept


def talk(case: Case, boss: Staff, said: str) -> None:
    """A comment and a file."""
    now = timezone.now()
    comments.add(case.pk, text=said, by=boss.user, at=now)
    attachments.add(case.pk, name="mail.txt", content=said.encode(), why=said, by=boss.user, at=now)


def take(who: Staff, case: Case, uid: str = "") -> dict[str, bytes]:
    """The files of the case's pack."""
    return unpacked(
        who.answer("post", f"reconciliation/case/{case.pk}/pack/", {"for": uid} if uid else {})
    )


def unpacked(answer: Any) -> dict[str, bytes]:
    assert isinstance(answer, FileResponse), answer.content.decode()
    data = b"".join(answer)
    answer.close()
    with ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def delivery(number: int) -> Callback:
    return Callback.objects.order_by("id")[number]
