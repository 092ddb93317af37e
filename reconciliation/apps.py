from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"

    def ready(self) -> None:
        from celery.signals import task_success

        from reconciliation import watching

        task_success.connect(watching.succeeded)
