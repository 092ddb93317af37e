"""What is asked of whoever makes a format: how the file is written, and which column is what."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.validators import MinValueValidator
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from providers import registry
from providers.protocols import PROTOCOLS
from providers.protocols.reports import Field
from reconciliation.models import Layout, StatementFormat
from reconciliation.statements import encodings, formats
from wallets import pages
from wallets.money import DECIMALS, DIGITS, ZERO, plain

Text = UnfoldAdminTextInputWidget
Select = UnfoldAdminSelectWidget
File = UnfoldAdminFileFieldWidget  # Any other is taken for this one by its own script.

PATTERN = "pattern"
DATES = [
    ("iso", "2026-11-21 13:14:15, with or without a zone"),
    ("seconds", "Seconds since 1970"),
    ("milliseconds", "Milliseconds since 1970"),
    (PATTERN, "Another way: the pattern beside"),
]
DELIMITERS = [(",", "Comma ,"), (";", "Semicolon ;"), ("\t", "Tab"), ("|", "Bar |")]
MARKS = [(".", "Point: 1234.50"), (",", "Comma: 1234,50")]
GROUPINGS = {
    "": "None",
    ",": "Comma: 1,234",
    ".": "Point: 1.234",
    " ": "Space: 1 234",
    "'": "Apostrophe: 1'234",
    "\u00a0": "Space that doesn't break (U+00A0)",
    "\u202f": "Narrow space (U+202F)",
}


class Editor(forms.ModelForm):  # type: ignore[type-arg]
    """A format, but for its columns: these are chosen in a table, see `chosen`."""

    sample = forms.FileField(
        label="A file of this kind",
        required=False,
        widget=File,
        help_text="CSV, XLSX or JSON lines. Its first 20 rows are shown, and nothing is stored.",
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput, strip=False)
    provider = forms.ChoiceField(
        label="Try it as", required=False, widget=Select, help_text="For the preview only."
    )
    protocol = forms.ChoiceField(
        label="Whose reports",
        required=False,
        widget=Select,
        help_text="Any provider's: only in Cage's own layouts.",
    )
    layout = forms.ChoiceField(
        label="What one row says",
        choices=[(one.value, f"{one.label}: {one.sentence}") for one in Layout],
        widget=UnfoldAdminRadioSelectWidget(attrs={"class": "cage-radios"}),
    )
    encoding = forms.ChoiceField(widget=Select)
    delimiter = forms.ChoiceField(label="Between the cells of a CSV", widget=Select)
    zone = forms.CharField(
        label="Zone of times without one",
        required=False,
        max_length=64,
        widget=Text(attrs={"list": "zones"}),
        help_text="Such as Asia/Bangkok or Etc/GMT-8 (UTC+08:00). Empty: the provider's reports'.",
    )
    style = forms.ChoiceField(label="Times", choices=DATES, widget=Select)
    pattern = forms.CharField(
        label="Pattern",
        required=False,
        max_length=64,
        widget=Text,
        help_text="Such as %d/%m/%Y %H:%M:%S",
    )
    decimal_mark = forms.ChoiceField(label="Decimals", choices=MARKS, widget=Select)
    grouping = forms.ChoiceField(
        label="Between thousands", required=False, choices=list(GROUPINGS.items()), widget=Select
    )
    shows_all_players = forms.BooleanField(
        label="Of a round with several players, each one has a row",
        required=False,
        widget=UnfoldBooleanWidget,
    )
    tolerance = forms.DecimalField(
        max_digits=DIGITS,
        decimal_places=DECIMALS,
        validators=[MinValueValidator(ZERO)],
        widget=Text(attrs={"inputmode": "decimal"}),
        help_text="Amounts that differ by no more are the same. 0: they have to be equal.",
    )

    class Meta:
        model = StatementFormat
        fields = [
            *("name", "protocol", "layout", "encoding", "delimiter", "zone", "decimal_mark"),
            *("grouping", "shows_all_players", "tolerance"),
        ]
        widgets = {"name": Text}
        help_texts = {"name": "Letters, digits, - and _, such as jdb-daily."}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["tolerance"] = plain(self.instance.tolerance)
        dates = self.instance.dates
        self.fields["style"].initial = dates if dates in formats.STYLES else PATTERN
        self.fields["pattern"].initial = "" if dates in formats.STYLES else dates
        self._offer("protocol", [("", "Any provider's"), *((one, one) for one in PROTOCOLS)])
        self._offer("delimiter", _with(DELIMITERS, self.instance.delimiter))
        names = [*encodings.NARROW[:1], *encodings.WIDE[:1], *encodings.NARROW[1:]]
        self._offer("encoding", _with([(one, one) for one in names], self.instance.encoding))
        self._offer("provider", [(one, one) for one in sorted(registry.current().by_name)])

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        style = cleaned.get("style")
        if style == PATTERN and not cleaned.get("pattern"):
            self.add_error("pattern", "Which one?")
        if style:
            self.instance.dates = cleaned.get("pattern", "") if style == PATTERN else style
        columns, constants = chosen(self.data)
        self.instance.columns, self.instance.constants = columns, constants
        return cleaned

    def _post_clean(self) -> None:
        """The instance is made of the form by now; what it says together is judged."""
        super()._post_clean()  # type: ignore[misc]
        if set(self.errors) - {NON_FIELD_ERRORS}:
            return
        if found := formats.problems(self.instance):
            # These are the sentences; what a constraint of the database says is its name.
            self.errors.pop(NON_FIELD_ERRORS, None)
            for sentence in found:
                self.add_error(None, sentence)


def _with(choices: list[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """What is set stays to be chosen, whatever it is."""
    return choices if value in dict(choices) else [*choices, (value, value)]


# -- Which column is what --------------------------------------------------------------------

COLUMN, CONSTANT = "column:", "constant:"
LONGEST = 200


def chosen(data: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The columns and constants that were chosen, by our names of the fields."""
    return _of(data, COLUMN), _of(data, CONSTANT)


def _of(data: Mapping[str, Any], prefix: str) -> dict[str, str]:
    named = {
        key.removeprefix(prefix): str(data[key])[:LONGEST] for key in data if key.startswith(prefix)
    }
    return {name: text for name, text in named.items() if text}


def mapping(
    fields: Sequence[Field], format: StatementFormat, headings: Sequence[str]
) -> list[dict[str, Any]]:
    """One row of the table for each field: its column among `headings`, or what is always so."""
    rows = []
    for field in fields:
        column = format.columns.get(field.name, "")
        offered = [*headings, *([column] if column and column not in headings else [])]
        rows.append(
            {
                "field": field,
                "column_name": f"{COLUMN}{field.name}",
                "constant_name": f"{CONSTANT}{field.name}",
                "column": column,
                "offered": [(name, pages.printable(name)) for name in offered] if headings else [],
                "constant": format.constants.get(field.name, ""),
            }
        )
    return rows


def zones() -> list[str]:
    return sorted(available_timezones())


class Json(forms.Form):
    """A format that another Cage wrote."""

    file = forms.FileField(label="The format's JSON file", widget=File)

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > 2**20:
            raise forms.ValidationError("It is larger than a format can be.")
        return bytes(file.read())
