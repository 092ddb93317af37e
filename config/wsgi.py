"""The web process's entry point: any WSGI server serves `config.wsgi:application`."""

import gc
import os
from concurrent.futures import ThreadPoolExecutor

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from config import cores  # noqa: E402
from providers import checks  # noqa: E402  (needs the applications that were just loaded)


def _require_valid_configuration() -> None:
    try:
        checks.require_valid_configuration()
    finally:
        connections.close_all()


# Django runs its checks for management commands only: without this a server would start with a
# provider that anybody can impersonate. In a thread, because a server may load us on its event
# loop, where Django asks no database anything.
with ThreadPoolExecutor(1) as pool:
    pool.submit(_require_valid_configuration).result()

# What has been loaded by now, every page included, lives as long as the process. Unfrozen, the
# collector walks all of it again and again: a sixth of a second in which nobody is answered.
assert get_resolver().url_patterns
gc.collect()
gc.freeze()

if settings.ONE_CORE_EACH:
    cores.keep_to_one()
