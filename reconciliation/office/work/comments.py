"""What people say about a case. It stands for good, and a closed case can still be spoken of."""

from datetime import datetime

from django.contrib.auth.models import User

from reconciliation.models import Case, Comment
from reconciliation.working import NotDone

LONGEST = 10_000
SHOWN = 200  # The newest of a case that its page shows.


def add(case_id: int, *, text: str, by: User, at: datetime) -> Case:
    """Sign and date it; nothing of the case itself changes. Raises NotDone."""
    said = text.replace("\0", "").strip()
    if not said:
        raise NotDone("Say something.")
    if len(said) > LONGEST:
        raise NotDone(f"A comment has {LONGEST:,} characters at most.")
    case = Case.objects.get(pk=case_id)
    Comment.objects.create(case=case, text=said, said_by=by, said_at=at)
    return case


def of(case: Case) -> tuple[list[Comment], bool]:
    """The oldest first; and whether there are older ones than these."""
    found = Comment.objects.filter(case=case).select_related("said_by").order_by("-id")
    read = list(found[: SHOWN + 1])
    return read[:SHOWN][::-1], len(read) > SHOWN
