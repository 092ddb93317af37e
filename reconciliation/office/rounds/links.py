"""The way to a story, from everything that belongs to one."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from providers.models import Callback
from reconciliation.models import Case
from wallets.instructions import HOUSE
from wallets.models import Transaction


def url(provider: str, *, round_id: str = "", reference: str = "") -> str:
    """The address of a story. Ids are any text, so they stand in the query."""
    query = {"round": round_id} if round_id else {"reference": reference}
    return reverse("round_story", args=[provider], query=query)


def link(provider: str, *, round_id: str = "", reference: str = "") -> SafeString | str:
    """To the story of a round, else of a reference; "" where there is neither."""
    if not (round_id or reference):
        return ""
    return format_html(
        '<a class="cage-link" href="{}">{}</a>',
        url(provider, round_id=round_id, reference=reference),
        "Story of its round" if round_id else "Its story",
    )


def of_transaction(transaction: Transaction) -> SafeString | str:
    if transaction.provider == HOUSE:
        return ""
    return link(
        transaction.provider, round_id=transaction.round_id, reference=transaction.reference
    )


def of_callback(callback: Callback) -> SafeString | str:
    return _of_id(callback.provider, callback.transaction_id)


def of_case(case: Case) -> SafeString | str:
    is_named = case.subject and not case.subject.startswith("callback:")
    return _of_id(case.provider, case.subject) if is_named else ""


def _of_id(provider: str, transaction_id: str) -> SafeString | str:
    """Of the round that the books know it in, else of the provider's own id."""
    if not transaction_id:
        return ""
    booked = Transaction.objects.filter(provider=provider, transaction_id=transaction_id).first()
    if booked is not None and (found := of_transaction(booked)):
        return found
    return link(provider, reference=transaction_id.rpartition(":")[2] or transaction_id)
