from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class WalletsConfig(AppConfig):
    name = "wallets"
    verbose_name = "Money"

    def ready(self) -> None:
        from wallets import checks, rights

        post_migrate.connect(rights.grant, sender=self)
        register(checks.role_cannot_rewrite_the_books, Tags.database, deploy=True)
