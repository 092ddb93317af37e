"""Below /admin/one-time-password/."""

from django.contrib import admin
from django.urls import path

from reconciliation.office.login import people, views

urlpatterns = [
    path("", views.ask, name="one_time_password"),
    path("set-up/", views.set_up, name="set_up_one_time_password"),
    path("set-up/picture.svg", views.picture, name="one_time_password_picture"),
    path("of/<int:user_id>/", admin.site.admin_view(people.login_of), name="login_of"),
]
