from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class ProvidersConfig(AppConfig):
    name = "providers"

    def ready(self) -> None:
        from providers import checks, partitions
        from providers.books import CALLBACKS_AND_TRANSACTIONS
        from wallets import verification

        register(checks.configuration)
        register(checks.names_are_kept, Tags.database)
        register(checks.settings_are_kept, Tags.database)
        register(checks.partitions_lie_ahead, Tags.database)
        post_migrate.connect(partitions.make_after_migrate, sender=self)
        verification.CHECKS.extend(CALLBACKS_AND_TRANSACTIONS)
