"""Pages of the office that belong to no table: below /admin/, behind its log-in."""

from django.contrib import admin
from django.urls import path

from reconciliation.office.rounds import views
from reconciliation.office.search import views as search

urlpatterns = [
    path("search/", admin.site.admin_view(search.search), name="search"),
    path("rounds/<slug:provider>/", admin.site.admin_view(views.story), name="round_story"),
]
