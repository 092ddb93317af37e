"""Migration operation: how a table lies on disk, and when autovacuum comes to it.

PostgreSQL's own settings are shares of the table: one with ten million rows is analyzed after a
million new ones and vacuumed after two. A table that only grows is told absolute numbers instead,
so that what a visit costs doesn't grow with the years.
"""

from collections.abc import Mapping

from django.db import migrations

Parameters = Mapping[str, float]

# Rows come and stay. A visit every 100,000 of them marks their pages as visible to everybody, which
# keeps index-only reads and BRIN summaries good, and freezes them while they are still in memory:
# they never change again, and no visit against a wrap-around ever has to read the whole table.
GROWING: Parameters = {
    "autovacuum_vacuum_insert_scale_factor": 0,
    "autovacuum_vacuum_insert_threshold": 100_000,
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 50_000,
    "autovacuum_analyze_scale_factor": 0,
    "autovacuum_analyze_threshold": 50_000,
    "autovacuum_freeze_min_age": 0,
}
# Few rows, updated all the time, and no index has what changes: a new version that finds room on
# its own page touches no index (HOT), and the next reader of the page clears the old one away.
UPDATED_IN_PLACE: Parameters = {
    "fillfactor": 75,
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_threshold": 1_000,
    "autovacuum_analyze_scale_factor": 0.05,
    "autovacuum_analyze_threshold": 1_000,
}
# Rows that are worked on and whose indexed columns change now and then.
WORKED_ON: Parameters = {
    "fillfactor": 85,
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_threshold": 200,
    "autovacuum_vacuum_cost_delay": 0,
    "autovacuum_analyze_scale_factor": 0.05,
    "autovacuum_analyze_threshold": 200,
}
# Nearly all rows are dead soon: a table of ten pages must not become one of ten thousand.
CHURNING: Parameters = {
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_threshold": 200,
    "autovacuum_vacuum_cost_delay": 0,
    "autovacuum_analyze_scale_factor": 0,
    "autovacuum_analyze_threshold": 500,
}


def stored(table: str, parameters: Parameters) -> migrations.RunSQL:
    """The operation that sets these parameters. It waits for no reader and no writer; a fillfactor
    is that of the pages written from now on."""
    return migrations.RunSQL(
        sql=f"ALTER TABLE {table} SET ({written(parameters)})",
        reverse_sql=f"ALTER TABLE {table} RESET ({', '.join(parameters)})",
    )


def written(parameters: Parameters) -> str:
    """As they stand in SQL."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items())
