"""Migration operation: a table that only grows.

The trigger reads no setting and fires ALWAYS, so neither a session variable nor
`session_replication_role = replica` switches it off; only the table's owner can, by ALTER TABLE,
and `check --deploy` fails if that is the role that Cage runs as.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION cage_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION cage_append_only();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only;
"""


def append_only(table: str) -> migrations.RunSQL:
    """The operation that refuses UPDATE, DELETE and TRUNCATE on `table`, whoever asks."""
    return migrations.RunSQL(
        sql=FUNCTION + TRIGGER.format(table=table),
        reverse_sql=f"DROP TRIGGER append_only ON {table}",
    )
