"""Staff at the admin: who they are, and what their pages cost."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

# The tests speak plain HTTP, static files have not been collected, and hashing need not be slow.
PLAIN = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "SECURE_SSL_REDIRECT": False,
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_SECURE": False,
    "WHITENOISE_AUTOREFRESH": True,
}
PASSWORD = "a long password for the tests"


class Staff:
    """One logged-in person. Paths are below /admin/."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.client = Client()
        self.client.force_login(user)

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


def superuser(*, password: str | None = None) -> Staff:
    """The one who may do everything that anybody may. A password takes a while to hash."""
    return Staff(User.objects.create_superuser("boss", password=password))


def viewer(*permissions: str, password: str | None = None) -> Staff:
    """Somebody who may do exactly this, such as "view_player"."""
    user = User.objects.create_user("viewer", password=password, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return Staff(user)


def missing(page: str, texts: Iterable[str]) -> list[str]:
    """Those of `texts` that the page doesn't hold."""
    return [text for text in texts if text not in page]
