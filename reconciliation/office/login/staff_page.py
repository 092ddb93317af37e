"""The login in the admin: a link on a user's page, and no page with anybody's secret."""

from django.contrib import admin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from providers.office import StaffAdmin

# django-otp's own pages show keys and codes, to whoever may look at them.
for model in (TOTPDevice, StaticDevice):
    admin.site.unregister(model)

StaffAdmin.change_form_outer_before_template = "admin/reconciliation/login/link.html"
