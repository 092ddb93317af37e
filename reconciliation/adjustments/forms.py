"""What the two people are asked."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import RegexValidator
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from reconciliation.adjustments import guards
from reconciliation.models import AdjustmentKind, Case, Why
from wallets import money

Text = UnfoldAdminTextInputWidget
LONGEST = 2_000
PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,8})?", re.ASCII)
USUAL = {
    AdjustmentKind.PAY: Why.UNREPORTED,
    AdjustmentKind.CORRECT: Why.WRONG_TERMS,
    AdjustmentKind.REVERSE: Why.VOID,
    AdjustmentKind.FREE: Why.OTHER,
}


def said(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST,
        required=required,
        help_text=help_text,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class Reason(forms.Form):
    why = forms.ChoiceField(
        label="Reason",
        choices=[(one.value, f"{one.label}: {one.sentence}") for one in Why],
        widget=UnfoldAdminSelectWidget,
    )
    text = said(
        "Why",
        help_text="For whoever approves it, and for good: who says so, and where it stands.",
    )

    def clean_why(self) -> Why:
        return Why(self.cleaned_data["why"])


class Ask(Reason):
    """`seal` is what its reader saw."""

    seal = forms.CharField(widget=forms.HiddenInput)


class AskByHand(Reason):
    """One amount, given or taken. `seen` is what its reader saw of the books, `request_id` keeps a
    form that is sent twice from asking twice."""

    seen = forms.CharField(widget=forms.HiddenInput)
    request_id = forms.UUIDField(widget=forms.HiddenInput)
    uid = forms.CharField(label="Player", max_length=64, widget=Text)
    currency = forms.CharField(
        max_length=10,
        widget=Text,
        validators=[RegexValidator(r"\A[A-Z][A-Z0-9]{1,9}\Z", "Enter a code such as USD or COIN.")],
    )
    direction = forms.ChoiceField(
        choices=[("credit", "Give it to the player"), ("debit", "Take it from the player")],
        widget=UnfoldAdminRadioSelectWidget(attrs={"class": "cage-radios"}),
    )
    amount = forms.CharField(max_length=40, widget=Text(attrs={"inputmode": "decimal"}))
    field_order = ("uid", "currency", "direction", "amount", "why", "text")

    def __init__(self, *args: Any, case: Case, **options: Any) -> None:
        start = {"uid": case.player, "currency": case.currency, "why": USUAL[AdjustmentKind.FREE]}
        options["initial"] = {**start, "seen": guards.seen(case), "request_id": uuid4()}
        super().__init__(*args, **options)

    def clean_amount(self) -> Decimal:
        """Plain digits: neither 1_000 nor 1e3."""
        text: str = self.cleaned_data["amount"]
        plain = PLAIN.fullmatch(text) is not None
        amount = Decimal(text) if plain else money.ZERO
        if not amount or not money.fits(amount):
            raise forms.ValidationError("An amount above 0, as 1234.50.")
        return amount

    def clean(self) -> dict[str, Any]:
        """`debit` and `credit` instead of a direction and an amount."""
        asked = super().clean() or self.cleaned_data
        if not self.errors:
            amount: Decimal = asked.pop("amount")
            asked[asked.pop("direction")] = amount
        return asked


class Decide(forms.Form):
    """`seal` is what its reader saw."""

    seal = forms.CharField(widget=forms.HiddenInput)
    text = said("What you checked", required=False)
