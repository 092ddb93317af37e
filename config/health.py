"""Probes and metrics."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_prometheus import exports

from providers import checks, writer
from reconciliation import gauges

_ready = False


def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "live"})


def ready(request: HttpRequest) -> HttpResponse:
    """200 once the configuration is valid, migrations are applied and the database has answered.

    After that it doesn't follow the database: a probe that did would take every web process out
    of the load balancer, which would then answer the providers in HTML. `writer` is what the
    group commit of the process that answers does, for people.
    """
    global _ready
    reason = None if _ready else _why_not_ready()
    _ready = reason is None
    if reason is None:
        return JsonResponse({"status": "ready", "writer": writer.state()})
    return JsonResponse({"status": "not ready", "reason": reason}, status=503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, of all web processes where PROMETHEUS_MULTIPROC_DIR is set.

    What is read from the database is missing while that is away.
    """
    response: HttpResponse = exports.ExportToDjangoView(request)
    try:
        response.content += gauges.text()
    except Error:
        connection.close()
    return response


def _why_not_ready() -> str | None:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return "migrations are missing"
        if not checks.configuration_is_verified():
            return "the configuration is not valid: see `manage.py check --database default`"
    except Error:
        connection.close()
        return "the database does not answer"
    return None
