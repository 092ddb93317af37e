"""What other pages need of the work on cases: how many are mine, a dispute about what they show."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from providers.models import Callback
from reconciliation import queue, working
from reconciliation.exporting import sending
from reconciliation.models import Case
from reconciliation.office.work import asker
from wallets.instructions import HOUSE
from wallets.models import Player, Transaction

LOOK = "reconciliation.view_case"
COUNTED = "_cage_my_cases"
MOST = 1_000  # Whoever has more needs no exact number.


def mine(request: HttpRequest) -> int:
    """How many open cases are the person's own: one query, through the index of owners."""
    count = getattr(request, COUNTED, None)
    if count is None:
        own = Case.objects.filter(queue.OPEN, owner=request.user.pk)
        count = len(own.values_list("pk", flat=True)[:MOST])
        setattr(request, COUNTED, count)
    return int(count)


def badge(request: HttpRequest) -> str:
    """The same in the sidebar."""
    return f"{mine(request):,}"


def dispute_transaction(transaction: Transaction) -> SafeString | str:
    if transaction.provider == HOUSE:
        return ""
    named = {"provider": transaction.provider, "named": transaction.transaction_id}
    entries = list(transaction.entries.all())
    if len(entries) == 1:
        wallet = entries[0].wallet
        named |= {"player": wallet.player.uid, "currency": wallet.currency}
    return _link(named)


def dispute_callback(callback: Callback) -> SafeString | str:
    return _link({"provider": callback.provider, "named": callback.transaction_id})


def dispute_player(player: Player) -> SafeString | str:
    return _link({"player": player.uid})


def pack_transaction(transaction: Transaction) -> SafeString | str:
    """To the evidence pack of its reference, for those who may take one."""
    if transaction.provider == HOUSE or not (asker.may(sending.TAKE) and asker.may(LOOK)):
        return ""
    query = {"provider": transaction.provider, "round": transaction.transaction_id}
    url = reverse("admin:reconciliation_case_round_pack", query=query)
    return format_html('<a class="cage-link" href="{}">Evidence pack</a>', url)


def _link(given: dict[str, str]) -> SafeString | str:
    """To the form, filled in, for those who may open one."""
    if not asker.may(working.MAY):
        return ""
    query = urlencode({name: value for name, value in given.items() if value})
    url = f"{reverse('admin:reconciliation_case_changelist')}dispute/"
    return format_html('<a class="cage-link" href="{}?{}">Open a dispute</a>', url, query)
