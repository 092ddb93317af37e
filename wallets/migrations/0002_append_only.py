from django.db import migrations

from wallets.append_only import append_only

# The embedded database's owner role carries the setting; every other database is production.
MARK = """
INSERT INTO wallets_databasemark (id, kind)
VALUES (1, CASE current_setting('cage.mark', true) WHEN 'demo' THEN 'demo' ELSE 'production' END)
"""


class Migration(migrations.Migration):
    dependencies = [("wallets", "0001_initial")]

    operations = [
        append_only("wallets_transaction"),
        append_only("wallets_entry"),
        migrations.RunSQL(sql=MARK, reverse_sql="DELETE FROM wallets_databasemark"),
        append_only("wallets_databasemark"),
    ]
