"""The backend that `settings.DATABASES` names. Connections are bounded before their first query:
Django itself asks for something while it connects."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.postgresql import base

from wallets.bounded import BoundedConnection


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's; what the application's own connections wait for ends with their thread's bound
    (wallets.bounded.until)."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection: Any = super().get_new_connection(conn_params)
        if self.alias == DEFAULT_DB_ALIAS:
            connection.__class__ = BoundedConnection
        return connection
