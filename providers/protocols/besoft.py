"""BeSoft: one URL, `action` says what; a result carries bet and win in one atomic step.

Document: "Game result". It describes no authentication, so the caller's address is what counts.
`status` 1 makes the order valid on their side, anything else makes it void.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, Raw

from providers.protocols import amounts, base, wire
from wallets import refusals
from wallets.instructions import Instruction, Kind, Movement, Receipt

OPERATIONS = {1: "balance", 2: "bet", 3: "result"}
ACTIONS = {operation: action for action, operation in OPERATIONS.items()}

# The numbers are those of their own pages and of a public integration; only 1 decides anything.
# 1031, "transaction already exists", is not used: nothing may be taken for "it is paid".
SUCCESS = 1
FAILED = 1001
CODES: Mapping[type[refusals.Refusal], int] = {
    refusals.UnknownPlayer: 1004,
    base.Malformed: 1008,
    base.Unauthentic: 1008,
    refusals.InsufficientFunds: 1009,
    refusals.UnknownCurrency: 1014,
    refusals.PlayerClosed: 1014,
    refusals.PlayerSuspended: 1014,
    refusals.BalanceTooLarge: 1014,
}

NUMBERS = frozenset({"action", "mode", "bet", "spjpbet", "win", "ts"})
MOST_FIELDS = 100
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# As the pages of actions 1 and 3 show a balance: 10000.0156 and 3000.01.
BALANCE_DECIMALS = {"balance": 4, "result": 2}


class Head(msgspec.Struct):
    action: wire.Int32


class Balance(msgspec.Struct):
    """Action 1."""

    uid: wire.Uid
    currency: str


class Result(msgspec.Struct):
    """Action 3. What only informs has a default: a missing memo must not void an order."""

    uid: wire.Uid
    bet: Raw
    win: Raw
    transId: wire.Id
    roundId: Raw = wire.NOTHING
    gid: Raw = wire.NOTHING
    ts: Raw = wire.NOTHING
    mode: Raw = wire.NOTHING
    spjpbet: Raw = wire.NOTHING


class Named(msgspec.Struct):
    transId: wire.Id


HEAD = wire.Schema(Head)
NAMED = wire.Schema(Named)
BALANCE = wire.Schema(Balance)
RESULT = wire.Schema(Result)


class BeSoftSettings(base.Settings, frozen=True, kw_only=True):
    """`decimals` is what amounts may have: the pages say 2 and 4. `balance_decimals`, of every
    balance that is told; None: as the page of each action shows it."""

    currency: base.Currency
    decimals: base.Decimals = 4
    balance_decimals: base.Decimals | None = None
    # The document doesn't say what a time-out means. None: HTTP 503 and no body, which states
    # nothing. A number: {"status": number} with HTTP 200, which they read as a void order.
    no_verdict_status: Annotated[int, Meta(ge=2, le=2**31 - 1)] | None = None


class BeSoft(base.Protocol[BeSoftSettings]):
    """Their order is void once we refuse it, so a refusal stands under the order's id."""

    Settings = BeSoftSettings
    refusal_means = base.RefusalMeans.VOID
    booked = ("result",)
    queries = frozenset({"balance"})
    resends = base.Resends()  # "May be sent multiple times", no more is said.

    def unwrap(self, delivery: base.Delivery) -> bytes:
        """JSON, whichever of the two encodings the page names was used: a form becomes JSON."""
        body = delivery.body.removeprefix(BYTE_ORDER_MARK)
        kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
        if body.lstrip()[:1] == b"{" or kind == "application/json":
            return body
        return _from_form(body)

    def operation(self, delivery: base.Delivery, body: bytes) -> str:
        # Whatever stands behind the path in the URL: an order that is refused for it would be void.
        action = HEAD.read(body).action
        if action not in OPERATIONS:
            raise base.UnknownOperation(f"BeSoft has no action {action}.")
        return OPERATIONS[action]

    def decode(self, operation: str, body: bytes) -> base.Meaning:
        if operation == "balance":
            return self._query(BALANCE.read(body))
        # Whether a result charges `bet` again after an action 2 is not documented: no bets, then.
        if operation != "result":
            raise base.NotOffered(f"BeSoft {operation} is not offered.")
        try:
            return self._result(RESULT.read(body))
        except base.Malformed as malformed:
            return self._malformed(body, malformed)

    def _query(self, balance: Balance) -> base.Query:
        if balance.currency != self.settings.currency:
            raise refusals.UnknownCurrency("The currency is not the configured one.")
        return base.Query(uid=balance.uid, currency=self.settings.currency)

    def _result(self, result: Result) -> Instruction:
        bet, win = self._amount(result.bet, "bet"), self._amount(result.win, "win")
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("result", result.transId),
            kind=Kind.BET_AND_SETTLEMENT,
            movements=(
                Movement(uid=result.uid, currency=self.settings.currency, debit=bet, credit=win),
            ),
            reference=result.transId,
            round_id=wire.memo(result.roundId, longest=128),
            game=wire.memo(result.gid),
            stake=bet,
            # spjpbet, the jackpot's part of the bet, is contained in it and moves nothing.
            details=wire.memos(spjpbet=result.spjpbet, mode=result.mode),
            occurred_at=wire.at_epoch(wire.memo(result.ts)),
            refusal_stands=True,
        )

    def _malformed(self, body: bytes, malformed: base.Malformed) -> Instruction:
        """An order that can't be read is void on their side as soon as it is refused, so that has
        to stand under its id; where not even that can be read, `malformed` is raised again."""
        try:
            named = NAMED.read(body)
        except base.Malformed:
            raise malformed from None
        return Instruction(
            provider=self.provider,
            transaction_id=base.transaction_id("result", named.transId),
            kind=Kind.BET_AND_SETTLEMENT,
            movements=(),
            reference=named.transId,
            declined=malformed,
            refusal_stands=True,
        )

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        return self._success(operation, base.balance(receipts) if receipts else None)

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        return self._success(operation, balance)

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        return base.json_reply({"status": base.code_for(refusal, CODES, FAILED)})

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        status = self.settings.no_verdict_status
        return (
            base.Reply(body=b"", status=503)
            if status is None
            else base.json_reply({"status": status})
        )

    def _success(self, operation: str, balance: Decimal | None) -> base.Reply:
        fields: dict[str, object] = {"action": ACTIONS[operation], "status": SUCCESS}
        if balance is not None:
            decimals = self.settings.balance_decimals
            if decimals is None:
                decimals = BALANCE_DECIMALS[operation]
            text = amounts.shown(balance, decimals=decimals)
            fields |= {"balance": Raw(text.encode()), "currency": self.settings.currency}
        return base.json_reply(fields)

    def _amount(self, token: Raw, field: str) -> Decimal:
        value = amounts.from_number(bytes(token), decimals=self.settings.decimals, field=field)
        return amounts.not_negative(value, field=field)


def _from_form(body: bytes) -> bytes:
    """A form's fields as a JSON object; those that are numbers verbatim, or else as strings, which
    the schema refuses. What is no form stays as it is, and is no JSON either."""
    try:
        fields = dict(
            parse_qsl(
                body.strip(b"\r\n").decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_FIELDS,
            )
        )
    except ValueError:
        return body
    return msgspec.json.encode(
        {
            name: Raw(text.encode())
            if name in NUMBERS and amounts.NUMBER.fullmatch(text.encode())
            else text
            for name, text in fields.items()
        }
    )
