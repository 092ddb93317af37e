from django.db import migrations

from wallets.storage import GROWING, UPDATED_IN_PLACE, stored


class Migration(migrations.Migration):
    dependencies = [("wallets", "0007_speed")]

    operations = [
        stored("wallets_wallet", UPDATED_IN_PLACE),
        stored("wallets_transaction", GROWING),
        stored("wallets_entry", GROWING),
        stored("wallets_reference", GROWING),
    ]
