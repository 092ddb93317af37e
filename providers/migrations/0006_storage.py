from django.db import migrations

from providers.migrations._callbacks import PARTITIONS, partitions_stored
from wallets.storage import CHURNING, GROWING, UPDATED_IN_PLACE, stored, written

# Those that are there already, the default partition too; a partitioned table itself has none.
EACH = """
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT relid FROM pg_partition_tree('providers_callback') WHERE isleaf LOOP
        EXECUTE format('ALTER TABLE %s {change}', partition);
    END LOOP;
END $$
"""
AGAIN = PARTITIONS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("providers", "0005_speed")]

    operations = [
        migrations.RunSQL(
            sql=EACH.replace("{change}", f"SET ({written(GROWING)})"),
            reverse_sql=EACH.replace("{change}", f"RESET ({', '.join(GROWING)})"),
        ),
        migrations.RunSQL(sql=partitions_stored(written(GROWING)), reverse_sql=AGAIN),
        stored("providers_doubt", CHURNING),
        stored("providers_undecided", CHURNING),
        # Strangers' calls of a minute are one row that is counted up.
        stored("providers_unauthentic", UPDATED_IN_PLACE),
    ]
