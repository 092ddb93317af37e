"""Somebody at the door: types a name, a password and codes, from some address."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.test import Client, override_settings
from django_otp.oath import totp

from reconciliation.office.login import views
from tests import staff

CODE = "/admin/one-time-password/"
SET_UP = f"{CODE}set-up/"


class Visitor:
    """A browser that nobody has logged in yet."""

    def __init__(self, address: str = "203.0.113.7") -> None:
        self.client, self.address = Client(), address

    def get(self, path: str, **headers: str) -> Any:
        return self._ask("get", path, {}, headers)

    def post(self, path: str, form: Mapping[str, Any], **headers: str) -> Any:
        return self._ask("post", path, form, headers)

    def _ask(
        self, method: str, path: str, form: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Any:
        with override_settings(**staff.PLAIN):
            return getattr(self.client, method)(
                path, form, REMOTE_ADDR=self.address, headers=dict(headers)
            )

    def password(
        self, password: str = staff.PASSWORD, *, username: str = "boss", next: str = ""
    ) -> Any:
        form = {"username": username, "password": password, "next": next}
        return self.post("/admin/login/", form)

    def code(self, code: str, *, next: str = "") -> Any:
        return self.post(CODE, {"code": code, "next": next})

    def shown(self) -> str:
        """What the app shows that read the picture of this session."""
        return f"{totp(bytes.fromhex(self.client.session[views.KEY])):06d}"

    def is_in(self) -> bool:
        return self.get("/admin/").status_code == 200

    def set_up(self) -> list[str]:
        """Give the password and set an app up; return the recovery codes."""
        assert self.password().status_code == 302
        self.get(SET_UP)
        response = self.post(SET_UP, {"code": self.shown()})
        assert response.status_code == 200
        return list(response.context["codes"])


def boss() -> User:
    """Somebody with a password and nothing else so far."""
    with override_settings(**staff.PLAIN):
        return User.objects.create_superuser("boss", password=staff.PASSWORD)
