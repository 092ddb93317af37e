"""The web process's entry point: an ASGI server serves `config.asgi:application`."""

from config.wsgi import application as pages
from providers.front import Front

application = Front(pages)
