"""JDB API 2.x: one URL, one encrypted form field `x`, `action` inside; the reply is plain JSON.

Documents: "Seamless Wallet API", functions 4 and 6 to 17. There is no signature: what decrypts to
JSON with an `action` is authentic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Raw

from providers.protocols import amounts, base, reports, wire
from providers.protocols.jdb import (
    actions,
    codes,
    configuration,
    envelope,
    fields,
    meanings,
    policies,
    report,
)
from providers.protocols.jdb.maker import Maker
from providers.protocols.meanings import Meaning, meaning
from providers.protocols.reports import Expected, Row
from wallets import refusals
from wallets.instructions import Instruction, Receipt

# How the page of each action shows the balance; those that aren't here show none.
BALANCE_AS = {
    "balance": "string",
    "bet_and_settle": "string",
    "bet": "string",
    "settle": "string",
    "cancel_bet": "string",
    "activity_reward": "number",
    "free_spin_reward": "number",
}
HOURLY = base.Resends(every=timedelta(minutes=1), window=timedelta(hours=1))
HALF_DAY = base.Resends(every=timedelta(minutes=1), window=timedelta(hours=12))
MAY_BE_REPEATED = frozenset({"bet_and_settle", "bet"})


class Jdb(base.Protocol[configuration.JdbSettings]):
    """`refusal_means` is that of a settlement, action 10."""

    Settings = configuration.JdbSettings
    refusal_means = base.RefusalMeans.OWED
    booked = tuple(actions.READERS)
    queries = frozenset({"balance"})
    rounds = policies.ROUNDS
    report_zone = "Etc/GMT+4"  # Their reports use GMT-4.
    report_fields = report.FIELDS
    bookable = report.BOOKABLE
    # "JDB will retry every minutes for 1 hour until status 0000", or 12.
    resends = {
        "settle": HOURLY,
        "free_spin_reward": HOURLY,
        fields.CANCEL: HOURLY,
        "cancel_bet": HALF_DAY,
        "deposit": HALF_DAY,
        "cancel_withdraw": HALF_DAY,
    }

    def __init__(self, *, provider: str, settings: configuration.JdbSettings) -> None:
        super().__init__(provider=provider, settings=settings)
        self._pairs = settings.pairs
        self._units = settings.units
        self._maker = Maker(provider=provider, settings=settings, units=self._units)

    @classmethod
    def problems(cls, settings: configuration.JdbSettings) -> Iterator[base.Problem]:
        return configuration.problems(settings)

    def unwrap(self, delivery: base.Delivery) -> bytes:
        """The decrypted JSON, by the first key that makes JSON with an `action` of it."""
        if self.settings.insecure and not self._pairs:
            return delivery.body
        return envelope.open_with(self._pairs, delivery.body)

    def operation(self, delivery: base.Delivery, body: bytes) -> str:
        # Whatever stands behind the path in the URL: it may be a cancel, and a refusal for the
        # URL would make it a successful one.
        action = envelope.HEAD.read(body).action
        if action not in fields.OPERATIONS:
            raise base.UnknownOperation(f"JDB has no action {action}.")
        return fields.OPERATIONS[action]

    def decode(self, operation: str, body: bytes) -> base.Meaning:
        if operation == "balance":
            return self._query(fields.BALANCE.read(body))
        if operation in actions.READERS:
            return actions.read(self._maker, operation, body)
        # Action 17 tells of a free spin, whose win an action 16 pays.
        return base.Note(reference=wire.memo(envelope.HEAD.read(body).transferId), text=operation)

    def reply(self, operation: str, receipts: Sequence[Receipt], *, at: datetime) -> base.Reply:
        repeated = operation in MAY_BE_REPEATED and not any(one.posted for one in receipts)
        if repeated and self.settings.repeated_bet != codes.SUCCESS:
            return _status(self.settings.repeated_bet, "The bet stands; it was sent before.")
        balance = base.balance(receipts) if receipts and operation in BALANCE_AS else None
        if balance is None:
            return _status(codes.SUCCESS)
        return self._success(operation, _code(receipts[-1].instruction), balance)

    def tell(
        self, operation: str, query: base.Query, balance: Decimal, *, at: datetime
    ) -> base.Reply:
        return self._success(operation, query.code, balance)

    def is_final(self, operation: str, refusal: type[refusals.Refusal]) -> bool:
        # A cancel that hears 9017 is asked again for an hour; then it is for staff.
        code = base.code_for(refusal(), codes.CANCEL_CODES, codes.IN_PROGRESS)
        return operation != fields.CANCEL or code != codes.IN_PROGRESS

    def refuse(self, operation: str, refusal: refusals.Refusal, *, at: datetime) -> base.Reply:
        # Without a balance: there may be no such player, and a refusal reads the same every time.
        if operation == "bet_and_settle" and isinstance(refusal, refusals.Conflict):
            # The first copy stands, and every status would say that the order failed.
            return self.no_verdict(operation, at=at)
        if operation in ("", fields.CANCEL):
            code = base.code_for(refusal, codes.CANCEL_CODES, codes.IN_PROGRESS)
        else:
            code = base.code_for(refusal, codes.CODES, codes.FAILED)
        return _status(code, type(refusal).sentence)

    def no_verdict(self, operation: str, *, at: datetime) -> base.Reply:
        if operation == "bet_and_settle":
            # Every status is a final word on an action 8. After "a correctly formatted response
            # is not received" an action 4 asks what became of it.
            return base.Reply(body=b"", status=503)
        # Where the action could not be read it may have been a cancel.
        may_cancel = operation in ("", fields.CANCEL)
        status = codes.IN_PROGRESS if may_cancel else codes.FAILED
        return _status(status, "Not decided yet, send again.")

    def meaning_of(self, operation: str, body: bytes, status: int) -> Meaning:
        return meaning(body, status, field=meanings.FIELD, codes=meanings.table(operation))

    # -- Statements ----------------------------------------------------------------------------

    def handles(self, operation: str) -> bool:
        bets = ("bet", "withdraw", "cancel_bet", "cancel_withdraw")
        elsewhere = self.settings.unknown_bet == "pay" and operation in bets
        return super().handles(operation) and not elsewhere

    @property
    def records_bets(self) -> bool:
        # `unknown_bet` is our option: "pay" is for wallets whose bets don't pass through here.
        return self.settings.unknown_bet != "pay"

    def needs_bets(self, operation: str) -> bool:
        return operation in report.SETTLING and self.settings.unknown_bet == "refuse"

    def expected(self, row: Row) -> tuple[Expected, ...]:
        operation = report.operation(row)
        if operation in report.NO_MONEY:
            return ()
        # An action 4 says nothing but which action 8 it undoes, so that is what its row is read as.
        is_cancel = operation == fields.CANCEL
        read_as = "bet_and_settle" if is_cancel else operation
        instruction = actions.read(self._maker, read_as, report.delivery(row, read_as))
        (one,) = reports.of(instruction, occurred_at=row.at("ts"))
        if is_cancel:
            return (replace(one, operation=operation, debit=one.credit, credit=one.debit),)
        return (self._net(row, one),) if report.is_net(row, operation) else (one,)

    def _net(self, row: Row, one: Expected) -> Expected:
        stated = row.amount("netWin", decimals=self.settings.decimals)
        factor = self._units[row.text("currency")].factor
        return reports.net(one, amounts.in_currency(stated, factor=factor, field="netWin"))

    # -- Their parts ---------------------------------------------------------------------------

    def _query(self, balance: fields.Balance) -> base.Query:
        unit = self._units.get(balance.currency)
        if unit is None:
            raise refusals.UnknownCurrency("The currency is not configured.")
        return base.Query(uid=balance.uid, currency=unit.currency, code=balance.currency)

    def _success(self, operation: str, code: str, balance: Decimal) -> base.Reply:
        # Two of their codes may be one currency in different units (VN and VNO).
        text = amounts.shown(
            balance, decimals=self.settings.balance_decimals, factor=self._units[code].factor
        )
        shown_as = self.settings.balance_as or BALANCE_AS[operation]
        shown = text if shown_as == "string" else Raw(text.encode())
        return base.json_reply({"status": codes.SUCCESS, "balance": shown, "err_text": ""})


def _status(status: str, text: str = "") -> base.Reply:
    return base.json_reply({"status": status, "err_text": text})


def _code(instruction: Instruction) -> str:
    """Their word for the currency."""
    return instruction.details["currency"]
