"""The web process's entry point: any WSGI server serves `config.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from providers import checks  # noqa: E402  (needs the applications that were just loaded)

# Django runs its checks for management commands only: without this a WSGI server would start
# with a provider that anybody can impersonate.
checks.require_valid_configuration()
