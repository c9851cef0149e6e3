"""Events -> dyads: who acted on whom, a row for each source and target of an event."""

import contextlib

import duckdb
import pyarrow as pa

from legation.schema import DYADS

_SQL = """
    WITH sides AS (
        SELECT *, unnest(sources) AS s, generate_subscripts(sources, 1) AS i FROM given WHERE len(sources) > 0
        UNION ALL BY NAME SELECT *, NULL AS s, 0 AS i FROM given WHERE len(sources) = 0 AND len(targets) > 0
    ), pairs AS (
        SELECT *, unnest(targets) AS t, false AS mutual FROM sides WHERE len(targets) > 0
        UNION ALL BY NAME SELECT *, NULL AS t, false AS mutual FROM sides WHERE len(targets) = 0 AND len(sources) = 1
        UNION ALL BY NAME SELECT * EXCLUDE (j) FROM (
            SELECT *, unnest(sources) AS t, generate_subscripts(sources, 1) AS j, true AS mutual
            FROM sides WHERE len(targets) = 0 AND len(sources) > 1) WHERE i <> j
    )
    SELECT DISTINCT event_id, s.country AS source_country, array_to_string(s.sectors, ' ') AS source_sectors,
        s.actor_id AS source_id, s.name AS source_name, t.country AS target_country,
        array_to_string(t.sectors, ' ') AS target_sectors, t.actor_id AS target_id, t.name AS target_name, mutual,
        CASE WHEN status = 'historical' THEN start ELSE coalesce(start, first_reported) END AS day,
        deed, status, quad, goldstein, reports, publishers
    FROM pairs ORDER BY source_country, target_country, day, event_id, source_name, target_name,
        source_sectors, target_sectors, source_id, target_id
"""


def dyads(events: pa.Table) -> pa.Table:
    """The dyads (schema.DYADS) of events (schema.EVENTS), sorted as that schema says."""
    columns = ["event_id", "sources", "targets", "start", "first_reported", "deed", "status", "quad", "goldstein",
               "reports", "publishers"]  # fmt: skip
    with contextlib.closing(duckdb.connect()) as connection:
        connection.register("given", events.select(columns))
        found: pa.Table = connection.sql(_SQL).to_arrow_table()
        return found.select(DYADS.names).cast(DYADS)
