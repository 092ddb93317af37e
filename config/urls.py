"""Where everything is. A trailing slash is optional for callbacks: a POST can't be redirected."""

from django.contrib import admin
from django.urls import include, path

from config import health
from reconciliation.exporting import views as exporting

urlpatterns = [
    path("callbacks/", include("providers.urls")),
    path("admin/one-time-password/", include("reconciliation.office.login.urls")),
    path("admin/", include("reconciliation.office.rounds.urls")),
    # Behind the admin's own door, whatever that asks of people.
    path("admin/take/<slug:what>/", admin.site.admin_view(exporting.take), name="take_export"),
    path("admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", health.metrics),
]
