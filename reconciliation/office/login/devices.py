"""The second step of a login: an authenticator app, and ten recovery codes for when it is lost.

Keys and codes are kept by django-otp, which also refuses a code that was used and makes whoever
guesses wait, longer after each wrong one.
"""

import time
from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODES = 10
DIGITS = 6
SET_UP = "Set up one-time passwords."
REPLACED = "Set up another app for one-time passwords, and new recovery codes."


NEW, CURRENT = "code", "current"  # The fields of somebody who sets an app up.


class WrongCode(Exception):
    """The code is not the one that the app shows now, or was used before."""

    def __init__(self, field: str = "") -> None:
        super().__init__(field)
        self.field = field


class NotNow(Exception):
    """So many wrong codes that none is looked at for a while."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def of(user: User) -> TOTPDevice | None:
    """The app that `user` has set up, if any."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).order_by("-id").first()


def recovery_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user, device__confirmed=True).count()


def pending(user: User, key: str) -> TOTPDevice:
    """An app that isn't set up yet: not saved, nobody can log in with it."""
    return TOTPDevice(user=user, name="Authenticator app", key=key, confirmed=True)


def accept(user: User, code: str) -> Device:
    """Use `code` up, one of the app's or a recovery code; return what it belongs to.

    Raises WrongCode, or NotNow while codes are not looked at.
    """
    kind = TOTPDevice if _six_digits(code) else StaticDevice
    with transaction.atomic():
        devices = kind.objects.select_for_update().filter(user=user, confirmed=True)
        device: Device | None = devices.order_by("-id").first()
        allowed, why = device.verify_is_allowed() if device else (True, None)
        if not allowed and why:
            raise NotNow(why["locked_until"])
        right = device is not None and device.verify_token(code)
    if device is None or not right:
        raise WrongCode
    if kind is StaticDevice:
        note(user, by=user, what=f"Used a recovery code; {recovery_codes_left(user)} are left.")
    return device


def set_up(
    user: User, *, key: str, code: str, current: str | None = None
) -> tuple[Device, list[str]]:
    """Make the app with `key`, which shows `code`, the only one; return it and new recovery codes.

    Whoever has one already proves it with `current`. Raises WrongCode, which names the field, or
    NotNow, and changes nothing then.
    """
    device = pending(user, key)
    device.last_t, device.drift = _shown(device, code)
    had = of(user)
    if had is not None:
        try:
            accept(user, current or "")
        except WrongCode:
            raise WrongCode(CURRENT) from None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if of(user) != had:  # Somebody else was quicker.
            raise WrongCode(CURRENT)
        _remove(user)
        device.save()
        codes = _new_recovery_codes(user)
        note(user, by=user, what=SET_UP if had is None else REPLACED)
    return device, codes


def _shown(device: TOTPDevice, code: str) -> tuple[int, int]:
    """The step and drift at which the app shows `code`: that one is used up by this."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = time.time()
    if not (_six_digits(code) and totp.verify(int(code), device.tolerance)):
        raise WrongCode(NEW)
    return totp.t(), totp.drift


def _six_digits(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) == DIGITS


def _new_recovery_codes(user: User) -> list[str]:
    device = StaticDevice.objects.create(user=user, name="Recovery codes", confirmed=True)
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def _remove(user: User) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def reset(user: User, *, by: User, what: str) -> bool:
    """Take app and recovery codes away; the next login sets up others. False if none was."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        had = of(user) is not None
        _remove(user)
        note(user, by=by, what=what)
    return had


def note(user: User, *, by: User, what: str) -> None:
    """Write into Django's log what happened to the login of `user`."""
    LogEntry.objects.create(
        user=by,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=user.get_username()[:200],
        action_flag=CHANGE,
        change_message=what,
    )
