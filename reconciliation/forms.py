"""What staff are asked when they do something with a case."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import MinValueValidator, RegexValidator
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from providers import registry
from reconciliation import working
from reconciliation.models import Case, Resolution
from reconciliation.office.work import comments, disputes
from wallets.models import Player
from wallets.models.fields import AMOUNT_RANGE
from wallets.money import DECIMALS, DIGITS

Text = UnfoldAdminTextInputWidget
LONGEST = 2_000


def why(help_text: str = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label="Why",
        max_length=LONGEST,
        required=required,
        help_text=help_text or "Stands in the history for good, with your name.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class Day(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """The browser's own calendar."""

    input_type = "date"


class About(forms.Form):
    """What is asked about one case."""

    def __init__(self, *args: Any, case: Case, **options: Any) -> None:
        super().__init__(*args, **options)


class Comment(About):
    """It only adds something, so that nobody can come second."""

    text = forms.CharField(
        label="Comment",
        max_length=comments.LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )


class Seen(About):
    """Whatever changes a case carries what its reader saw of it."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, case: Case, **options: Any) -> None:
        options["initial"] = {"seen": working.stamp(case), **self.start(case)}
        super().__init__(*args, case=case, **options)

    def start(self, case: Case) -> dict[str, object]:
        """What it begins with."""
        return {}


class HandOver(Seen):
    to = forms.ModelChoiceField(
        label="To", queryset=User.objects.none(), widget=UnfoldAdminSelectWidget
    )
    why = why(required=False)

    def __init__(self, *args: Any, case: Case, **options: Any) -> None:
        super().__init__(*args, case=case, **options)
        able = User.objects.with_perm(working.MAY).filter(is_staff=True, is_active=True)
        chooser = self.fields["to"]
        assert isinstance(chooser, forms.ModelChoiceField)
        chooser.queryset = able.exclude(pk=case.owner_id or 0).order_by("username").distinct()


class Wait(Seen):
    until = forms.DateField(
        label="Until",
        widget=Day,
        help_text="Until that day it is not on the list of what needs a person.",
    )
    why = why("Whom or what it waits for: the provider, the player, an approval.")

    def start(self, case: Case) -> dict[str, object]:
        return {
            "until": timezone.localdate(timezone=timezone.get_default_timezone())
            + timedelta(days=1)
        }


class Close(Seen):
    resolution = forms.ChoiceField(
        label="How it ended",
        choices=[(one.value, f"{one.label}: {one.sentence}") for one in working.BY_HAND],
        widget=UnfoldAdminRadioSelectWidget(attrs={"class": "cage-radios"}),
    )
    why = why()

    def clean_resolution(self) -> Resolution:
        return Resolution(self.cleaned_data["resolution"])


class Annotate(Seen):
    notes = forms.CharField(
        required=False, max_length=20_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 8})
    )
    tickets = forms.CharField(
        label="Ticket numbers elsewhere", required=False, max_length=200, widget=Text
    )

    def start(self, case: Case) -> dict[str, object]:
        return {"notes": case.notes, "tickets": case.tickets}


class Replay(forms.Form):
    """What a person has seen and agreed to."""

    seal = forms.CharField(widget=forms.HiddenInput)
    other_terms = forms.BooleanField(
        label="I have compared both, and it shall move what it means today",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    why = why()

    def __init__(self, *args: Any, differs: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["other_terms"].required = differs
        if not differs:
            del self.fields["other_terms"]


class Dispute(forms.Form):
    """A doubt that no delivery tells of."""

    provider = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    named = forms.CharField(
        label="Reference or transaction id",
        max_length=128,
        widget=Text,
        validators=[RegexValidator(r"\A[^\x00-\x1f\x7f-\x9f]+\Z", "No control characters.")],
        help_text="The provider's own number, or the whole id as Cage spells it (settle:272017).",
    )
    player = forms.CharField(label="Player", max_length=64, required=False, widget=Text)
    amount = forms.DecimalField(
        label="Amount at risk",
        required=False,
        max_digits=DIGITS,
        decimal_places=DECIMALS,
        validators=[MinValueValidator(AMOUNT_RANGE[0])],
        widget=Text(attrs={"inputmode": "decimal"}),
    )
    currency = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    why = why("What is doubted, and who says so. Stands in the history with your name.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names = sorted(registry.current().by_name)
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _choices(names)
        currency = self.fields["currency"]
        assert isinstance(currency, forms.ChoiceField)
        currency.choices = _choices(disputes.currencies())

    def clean_player(self) -> str:
        uid = str(self.cleaned_data["player"])
        if uid and not Player.objects.filter(uid=uid).exists():
            raise forms.ValidationError("No player has this uid, exactly as it is written.")
        return uid

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        lacks = cleaned.get("amount") is not None and not cleaned.get("currency")
        if lacks and "currency" not in self.errors:
            self.add_error("currency", "An amount needs its currency.")
        return cleaned


def _choices(names: Iterable[str]) -> list[tuple[str, str]]:
    return [("", "---------"), *((name, name) for name in names)]
