"""What staff are asked about many cases at once, and about what they add to one."""

from typing import Any

from django import forms as django
from django.conf import settings
from django.contrib.auth.models import User
from django.template.defaultfilters import filesizeformat
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from reconciliation import forms, working
from reconciliation.models import Resolution


class HandOverMany(django.Form):
    to = django.ModelChoiceField(
        label="To", queryset=User.objects.none(), widget=UnfoldAdminSelectWidget
    )
    why = forms.why(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        chooser = self.fields["to"]
        assert isinstance(chooser, django.ModelChoiceField)
        able = User.objects.with_perm(working.MAY).filter(is_staff=True, is_active=True)
        chooser.queryset = able.order_by("username").distinct()


class CloseMany(django.Form):
    resolution = django.ChoiceField(
        label="How they ended",
        choices=[(one.value, f"{one.label}: {one.sentence}") for one in working.BY_HAND],
        widget=UnfoldAdminRadioSelectWidget(attrs={"class": "cage-radios"}),
    )
    why = forms.why("Stands in the history of each of them for good, with your name.")

    def clean_resolution(self) -> Resolution:
        return Resolution(self.cleaned_data["resolution"])


class Attach(django.Form):
    file = django.FileField(label="File", max_length=None, widget=UnfoldAdminFileFieldWidget)
    why = django.CharField(
        label="What it shows",
        max_length=forms.LONGEST,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        size = filesizeformat(settings.ATTACHMENT_BYTES)
        self.fields["file"].help_text = f"{size} at most. It is kept for good, with your name."

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.ATTACHMENT_BYTES:
            size = filesizeformat(settings.ATTACHMENT_BYTES)
            raise django.ValidationError(f"It is too big: {size} at most.")
        return file
