"""What is asked of whoever imports a statement."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MinValueValidator, RegexValidator
from django.forms import BaseFormSet, formset_factory
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from providers import registry
from reconciliation.forms import Day
from reconciliation.models import Layout, StatementFormat
from reconciliation.office.statements import zones
from reconciliation.office.statements.format_forms import File
from reconciliation.statements.importing import Stated
from wallets.money import DECIMALS

Text = UnfoldAdminTextInputWidget
MOST_DIGITS = 38


class Moment(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """The browser's own calendar and clock, to the second."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"step": "1"})


def moment(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=32, widget=Moment())


class Formats(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: StatementFormat) -> str:
        whose = obj.protocol or "any provider's"
        return f"{obj.name}: {Layout(obj.layout).label}, {whose}"


class Upload(forms.Form):
    """A file, whose it is, how it is read, and which time it is about."""

    provider = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    file = forms.FileField(widget=File, help_text="CSV, XLSX or JSON lines.")
    format = Formats(
        queryset=StatementFormat.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    day = forms.DateField(
        label="Day, as the provider counts",
        required=False,
        widget=Day,
        help_text="Empty: the one day that all its times are of.",
    )
    start = moment("Or from, in the provider's zone")
    end = moment("Until, not included")
    rows = forms.IntegerField(
        label="How many rows the provider says it has",
        required=False,
        min_value=0,
        widget=Text(attrs={"inputmode": "numeric"}),
    )
    skip_bad = forms.BooleanField(
        label="Keep rows that can't be read as rejected ones, instead of refusing the file",
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names = sorted(registry.current().by_name)
        provider, format = self.fields["provider"], self.fields["format"]
        assert isinstance(provider, forms.ChoiceField)
        assert isinstance(format, forms.ModelChoiceField)
        provider.choices = [("", "---------"), *((name, _told(name)) for name in names)]
        format.queryset = StatementFormat.objects.order_by("name")

    def clean(self) -> dict[str, Any]:
        """`start_at` and `end_at`, in the zone of the provider's reports."""
        cleaned = super().clean() or self.cleaned_data
        provider = cleaned.get("provider")
        zone = zones.of(provider) if provider else None
        for name in ("start", "end"):
            text = cleaned.pop(name, "")
            cleaned[f"{name}_at"] = self._read(name, text, zone) if text and zone else None
        return cleaned

    def _read(self, name: str, text: str, zone: tzinfo) -> datetime | None:
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            self.add_error(name, "Enter a day and a time.")
            return None
        return read if read.tzinfo else read.replace(tzinfo=zone)


def _told(name: str) -> str:
    zone = str(zones.of(name))
    return f"{name} (its days are of {zone})"


class StatedSum(forms.Form):
    """What the provider says the file adds up to in one currency."""

    currency = forms.CharField(
        max_length=10,
        required=False,
        widget=Text,
        validators=[RegexValidator(r"\A[A-Z][A-Z0-9]{1,9}\Z", "Enter a code such as USD or COIN.")],
    )
    debit = forms.DecimalField(
        required=False,
        max_digits=MOST_DIGITS,
        decimal_places=DECIMALS,
        validators=[MinValueValidator(Decimal(0))],
        widget=Text(attrs={"inputmode": "decimal"}),
    )
    credit = forms.DecimalField(
        required=False,
        max_digits=MOST_DIGITS,
        decimal_places=DECIMALS,
        validators=[MinValueValidator(Decimal(0))],
        widget=Text(attrs={"inputmode": "decimal"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = [cleaned.get(name) not in (None, "") for name in ("currency", "debit", "credit")]
        if any(given) and not all(given) and not self.errors:
            raise forms.ValidationError("A sum needs its currency, its debit and its credit.")
        return cleaned


StatedSums = formset_factory(StatedSum, extra=4, max_num=4, validate_max=True, absolute_max=4)


def stated(rows: int | None, sums: "BaseFormSet[StatedSum]") -> Stated | None:
    """What was stated; None where nothing was."""
    found = dict(_sums(sums))
    return Stated(rows=rows, sums=found) if rows is not None or found else None


def _sums(sums: "BaseFormSet[StatedSum]") -> Iterator[tuple[str, tuple[Decimal, Decimal]]]:
    for one in sums.cleaned_data:
        if one.get("currency"):
            yield one["currency"], (one["debit"], one["credit"])
