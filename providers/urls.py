from django.urls import re_path

from providers.views import CallbackView

urlpatterns = [
    re_path(r"^(?P<path>[^/]+)(?:/(?P<operation>[^/]+))?/?$", CallbackView.as_view()),
]
