from django.db import migrations

from wallets.storage import CHURNING, WORKED_ON, stored


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0006_case_by_player"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        stored("reconciliation_case", WORKED_ON),
        # Every page that somebody opens writes their session anew, its indexed end included.
        stored("django_session", CHURNING),
    ]
