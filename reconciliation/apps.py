from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"

    def ready(self) -> None:
        from celery.signals import task_success
        from django.contrib.auth.signals import user_logged_in

        from reconciliation import watching
        from reconciliation.office.login import sessions

        task_success.connect(watching.succeeded)
        user_logged_in.connect(sessions.stamp)
