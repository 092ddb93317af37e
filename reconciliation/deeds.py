"""What can be done with a case, as a table: a form, one domain call, what is said afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.forms import Form

from reconciliation import forms, working
from reconciliation.models import Case
from reconciliation.office.work import comments


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """`form` is None where there is nothing to ask: then the button does it. `is_late` where it is
    done with closed cases too."""

    slug: str
    button: str
    icon: str
    title: str
    sentence: str
    done: str
    act: Callable[..., Case]
    form: type[forms.About] | None
    is_late: bool = False

    @property
    def asks(self) -> bool:
        return self.form is not None

    def do(self, case_id: int, asked: Mapping[str, Any], *, by: User, at: datetime) -> Case:
        """Raises NotDone."""
        return self.act(case_id, **asked, by=by, at=at)

    def ask(self, case: Case, data: Any = None) -> Form:
        """What is asked, filled in where `data` was posted."""
        return (self.form or forms.Seen)(data, case=case)


DEEDS: Mapping[str, Deed] = {
    deed.slug: deed
    for deed in [
        Deed(
            slug="take",
            button="Take",
            icon="front_hand",
            title="Take the case",
            sentence="You work on it from now on.",
            done="It is yours.",
            act=working.take,
            form=None,
        ),
        Deed(
            slug="hand-over",
            button="Hand over",
            icon="forward",
            title="Hand the case over",
            sentence="Somebody else works on it from now on.",
            done="It was handed over.",
            act=working.hand_over,
            form=forms.HandOver,
        ),
        Deed(
            slug="wait",
            button="Put off",
            icon="snooze",
            title="Put the case off",
            sentence="It waits for somebody, and comes back on the day you choose.",
            done="It was put off.",
            act=working.wait,
            form=forms.Wait,
        ),
        Deed(
            slug="notes",
            button="Notes",
            icon="edit_note",
            title="Notes and ticket numbers",
            sentence="What else there is to know, and its numbers elsewhere.",
            done="The notes were saved.",
            act=working.annotate,
            form=forms.Annotate,
        ),
        Deed(
            slug="comment",
            button="Comment",
            icon="add_comment",
            title="Comment on the case",
            sentence="It stands under the case for good, with your name and the time.",
            done="The comment was added.",
            act=comments.add,
            form=forms.Comment,
            is_late=True,
        ),
        Deed(
            slug="close",
            button="Close",
            icon="check_circle",
            title="Close the case",
            sentence="Nothing is left to do. This moves no money.",
            done="The case was closed.",
            act=working.close,
            form=forms.Close,
        ),
    ]
}
