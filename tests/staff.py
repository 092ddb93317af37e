"""Staff at the admin: who they are, and what their pages cost."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

# The tests speak plain HTTP, static files have not been collected, and hashing need not be slow.
PLAIN = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "SECURE_SSL_REDIRECT": False,
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_SECURE": False,
    "WHITENOISE_AUTOREFRESH": True,
}
# A browser takes a cookie called __Host- over TLS only. (The test client doesn't mind.)
PLAIN_COOKIES = {"SESSION_COOKIE_NAME": "sessionid", "CSRF_COOKIE_NAME": "csrftoken"}
PASSWORD = "a long password for the tests"


class Staff:
    """One logged-in person, who has taken the second step too. Paths are below /admin/.

    With `verified=False` only the password was given, and no app is set up.
    """

    def __init__(self, user: User, *, verified: bool = True) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)
        if verified:
            self.verify()

    def verify(self) -> None:
        """From now on this session is one that has given a code."""
        device, _ = TOTPDevice.objects.get_or_create(user=self.user, name="Authenticator app")
        session = self.client.session
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session.save()

    def get(self, path: str, **query: str) -> str:
        """The page's HTML; it must be there."""
        response = self.answer("get", path, query)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def post(self, path: str, **form: str) -> int:
        """The status of a form posted to `path`."""
        return self.answer("post", path, form).status_code

    def queries(self, path: str, **query: str) -> list[str]:
        """The SQL of opening a page."""
        with CaptureQueriesContext(connection) as captured:
            self.get(path, **query)
        return [query["sql"] for query in captured.captured_queries]

    def answer(self, method: str, path: str, data: Mapping[str, object]) -> HttpResponse:
        with override_settings(**PLAIN):
            return getattr(self.client, method)(f"/admin/{path}", data)


def code_of(username: str) -> str:
    """What the app of `username` shows now. It counts as not used yet."""
    device = TOTPDevice.objects.get(user__username=username)
    TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1)
    return f"{totp(device.bin_key):06d}"


def superuser(*, password: str | None = None, verified: bool = True) -> Staff:
    """The one who may do everything that anybody may."""
    with override_settings(**PLAIN):
        user = User.objects.create_superuser("boss", password=password)
    return Staff(user, verified=verified)


def viewer(*permissions: str, password: str | None = None, verified: bool = True) -> Staff:
    """Somebody who may do exactly this, such as "view_player"."""
    with override_settings(**PLAIN):
        user = User.objects.create_user("viewer", password=password, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return Staff(user, verified=verified)


def missing(page: str, texts: Iterable[str]) -> list[str]:
    """Those of `texts` that the page doesn't hold."""
    return [text for text in texts if text not in page]
