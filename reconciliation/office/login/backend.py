"""Passwords are checked by Django, unless the name is locked from that address."""

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest


class GuardedBackend(AxesStandaloneBackend, ModelBackend):
    """Both in one: with two backends Django can't tell who has a permission (`with_perm`)."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Raises PermissionDenied, whatever the password, where axes has locked the name."""
        AxesStandaloneBackend.authenticate(self, request, username, password, **credentials)
        return super(AxesStandaloneBackend, self).authenticate(
            request, username, password, **credentials
        )
