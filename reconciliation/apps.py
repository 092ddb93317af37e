from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"

    def ready(self) -> None:
        from celery.signals import task_success
        from django.contrib.auth.signals import user_logged_in
        from django.core.checks import register
        from django.db.models.signals import post_migrate

        from reconciliation import watching
        from reconciliation.office.login import sessions
        from reconciliation.office.roles import giving
        from reconciliation.office.rollups import business_day

        register(business_day.check)
        task_success.connect(watching.succeeded)
        user_logged_in.connect(sessions.stamp)
        post_migrate.connect(giving.after_migrate, sender=self)
