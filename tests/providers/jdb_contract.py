"""The provider contract as JDB's actions meet it: a subclass says which one, and what it books."""

import base64
import re
from typing import Any, ClassVar

from tests.providers import senders
from tests.providers.contract import ProviderContract
from tests.providers.malformed import bodies, ids, numbers
from tests.providers.senders import Heard, Sent, altered

JSON = frozenset({"-1", "40 digits", "too many decimals", "1e400"})


class JdbContract(ProviderContract):
    provider = "jdb"
    body: ClassVar[bytes]  # As the page prints it.
    amounts: ClassVar[tuple[str, ...]] = ("amount",)
    other_amounts: ClassVar[dict[str, Any]] = {"amount": 0.3}

    def delivery(self, **changes: Any) -> Sent:
        return senders.jdb(altered(self.body, **changes) if changes else self.body)

    def volatile(self) -> Sent:
        return self.delivery(ts=1700029205035, lastModifyTime="15-11-2023 14:20:04", tax=0.01)

    def conflicting(self) -> dict[str, Sent]:
        return {
            "amount": self.delivery(**self.other_amounts),
            "player": self.delivery(uid="bob"),
            "unknown player": self.delivery(uid="nobody"),
            "currency": self.delivery(currency="XX" if b'"RM"' in self.body else "RM"),
            "a currency that is not configured": self.delivery(currency="VN"),
        }

    def unknown_player(self) -> Sent:
        return self.delivery(transferId=1, uid="nobody")

    def unauthentic(self) -> dict[str, Sent]:
        right = self.delivery()
        bodies = {
            "empty": b"",
            "no x": b"y=1",
            "x twice": right.body + b"&" + right.body,
            "plain JSON": self.body,
            "not Base64": b"x=!!!!",
            "a length that no block has": b"x=" + base64.urlsafe_b64encode(b"a" * 15),
            "no block": b"x=",
            "cut off": right.body[:-24],
            "not JSON": b"x=" + senders.encrypted(b"hello"),
            "not an object": b"x=" + senders.encrypted(b"[1]"),
            "no action": b"x=" + senders.encrypted(altered(self.body, action=...)),
            "not UTF-8": b"x=" + senders.encrypted(b'{"action":10,"uid":"\xff\xfe"}'),
            "half a surrogate pair": b"x=" + senders.encrypted(altered(self.body, uid="\ud800")),
            "nested deeply": b"x=" + senders.encrypted(b'{"action":' + b"[" * 100_000),
            "10 MB": b"x=" + b"A" * 10_000_000,
        }
        wrong = {
            why: Sent(path="jdb", body=body, content_type=right.content_type)
            for why, body in bodies.items()
        }
        return {**wrong, "the wrong key": senders.jdb(self.body, key="fedcba9876543210")}

    def malformed(self) -> dict[str, Sent]:
        """Each under its own id: the refusal of a bet stands under it."""
        cases = malformed(self.body, amounts=self.amounts)
        return {why: senders.jdb(body) for why, body in cases.items()}

    def is_success(self, heard: Heard) -> bool:
        return heard.status == 200 and bool(heard.json["status"] == "0000")


def malformed(body: bytes, *, amounts: tuple[str, ...]) -> dict[str, bytes]:
    """What decrypts to JSON with an `action` and can't be understood, each under its own id."""
    wanted = ["uid", "currency", *amounts]
    shapes = bodies(body, required=["transferId", *wanted])
    cases = {why: case for why, case in shapes.items() if why.split()[0] in ("transferId", *wanted)}
    cases |= ids(body, fields=["uid"])
    del cases["uid with half a surrogate pair"]  # Not UTF-8: nothing shows that it decrypted.
    for field in amounts:
        # What is no JSON at all does not decrypt to an action: not authentic.
        tokens = numbers(body, field=field, decimals=6)
        cases |= {why: case for why, case in tokens.items() if why.split(" ", 1)[1] in JSON}
        cases[f"{field} as text"] = altered(body, **{field: "0.1"})
    cases |= {
        "an unknown action": altered(body, action=99),
        "an unknown currency": altered(body, currency="ZZ"),
        "an id beyond 64 bits": altered(body, transferId=2**63),
        "an id as text": altered(body, transferId="272017"),
    }
    return {why: _renumbered(case, number) for number, (why, case) in enumerate(cases.items(), 1)}


def _renumbered(body: bytes, number: int) -> bytes:
    """The same under another `transferId`, where it has a usable one."""
    return re.sub(rb'"transferId": [0-9]{6,9},', b'"transferId": %d,' % number, body)
