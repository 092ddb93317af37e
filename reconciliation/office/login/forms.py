"""What the pages of the second step ask for."""

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

TYPED = {
    "autocomplete": "one-time-code",
    "autocapitalize": "none",
    "spellcheck": "false",
    "maxlength": "40",
}


class Typed(forms.CharField):
    """A code as people type it: with spaces or dashes in between, in capitals or not."""

    def __init__(self, *, focus: bool = False, **options: object) -> None:
        attributes = {**TYPED, **({"autofocus": ""} if focus else {})}
        widget = UnfoldAdminTextInputWidget(attrs=attributes)
        super().__init__(max_length=40, widget=widget, **options)  # type: ignore[arg-type]

    def to_python(self, value: object) -> str:
        return "".join(str(value or "").replace("-", " ").split()).lower()


class Code(forms.Form):
    code = Typed(
        focus=True,
        label="Code",
        help_text="The six digits that your authenticator app shows now, or a recovery code.",
    )


class SetUp(forms.Form):
    code = Typed(label="Code", help_text="The six digits that the app shows for Cage now.")


class Replace(SetUp):
    code = Typed(
        label="Code of the new app", help_text="The six digits that it shows for Cage now."
    )
    current = Typed(
        label="Code of the app in use",
        help_text="What the app that you have now shows, or a recovery code.",
    )
    field_order = ["current", "code"]
