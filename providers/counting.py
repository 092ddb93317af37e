"""How often the ids on a page of the inbox were delivered: one query for the page, by its index."""

from django.db import connection
from django.http import HttpRequest

from providers.models import Callback
from wallets import lists
from wallets.instructions import Key

# Replays are not counted: nobody sent them.
TIMES = """
SELECT c.provider, c.transaction_id, count(*)
FROM unnest(%s::text[], %s::text[]) AS shown (provider, transaction_id)
JOIN providers_callback c
  ON c.provider = shown.provider AND c.transaction_id = shown.transaction_id
WHERE c.replay_of IS NULL
GROUP BY c.provider, c.transaction_id
"""


class CountedList(lists.PagedList):
    """A list of callbacks, each with `delivered`."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Callback] = list(self.result_list)
        counted = times({(row.provider, row.transaction_id) for row in rows})
        for row in rows:
            row.delivered = counted.get((row.provider, row.transaction_id), 1)  # type: ignore[attr-defined]
        self.result_list = rows


def times(keys: set[Key]) -> dict[Key, int]:
    """How often each of these was delivered; those without an id are nobody's repetition."""
    named = sorted(key for key in keys if key[1])
    if not named:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(TIMES, [[provider for provider, _ in named], [id_ for _, id_ in named]])
        return {(provider, id_): count for provider, id_, count in cursor.fetchall()}
