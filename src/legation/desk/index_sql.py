"""The tables of the desk's index, and how a part or a shard of a store fills them.

events   columns of schema.EVENTS; no, its number; shard; day and last_day, on which a filter finds it (its first
         and last day, else that of its first report); claimed, whether the ledger may hold claims about it;
         plan_first and plan_last, from the earliest to the latest day announced for it, null where it is no plan
acts     an actor (its key) as source (s), target (t) or claimant (c) of an event, in the order of the event
actors   the actors by key; `who` is the same for all names of one actor
parties  the actors of an event, source or target, each once, by `who`
links    who acts on whom in an event, as in schema.DYADS
told     a report, by its number, and its publisher that tell of an event
quotes   a mention's sentence, what is marked in it, offsets into `text`

reports  columns of schema.REPORTS (published as ISO text); no, its number, kept when its part is written anew
words    FTS5 over title and text of the reports
"""

QUOTE = 1000
"""Characters of a sentence that a list shows at most; of a longer one, those around its trigger."""


def _key(name: str, country: str, sectors: str, actor_id: str) -> str:
    return f"hash({', '.join(f'''coalesce({column}, '')''' for column in (name, country, sectors, actor_id))})"


def _who(name: str, country: str, sectors: str, actor_id: str) -> str:
    return f"hash(coalesce({actor_id}, concat_ws(' ', {name}, {country}, {sectors})))"


_PARTY = ("p.name", "p.country", "array_to_string(p.sectors, ' ')", "p.actor_id")
_SOURCE, _TARGET = (
    tuple(f"{side}_{part}" for part in ("name", "country", "sectors", "id")) for side in ("source", "target")
)

TABLES = """
    CREATE SEQUENCE IF NOT EXISTS numbers;
    CREATE TABLE IF NOT EXISTS indexed (name VARCHAR, version VARCHAR);
    CREATE TABLE IF NOT EXISTS events AS SELECT 0::BIGINT AS no, '' AS shard, *, DATE '1970-01-01' AS day,
        DATE '1970-01-01' AS last_day, false AS claimed, false AS disputed, false AS planned,
        DATE '1970-01-01' AS plan_first, DATE '1970-01-01' AS plan_last FROM no_events;
    CREATE TABLE IF NOT EXISTS acts (no BIGINT, shard VARCHAR, side VARCHAR, actor UBIGINT);
    CREATE TABLE IF NOT EXISTS actors (
        key UBIGINT, who UBIGINT, name VARCHAR, country VARCHAR, sectors VARCHAR[], actor_id VARCHAR);
    CREATE TABLE IF NOT EXISTS parties (no BIGINT, shard VARCHAR, who UBIGINT);
    CREATE TABLE IF NOT EXISTS links (no BIGINT, shard VARCHAR, source UBIGINT, target UBIGINT);
    CREATE TABLE IF NOT EXISTS told (no BIGINT, shard VARCHAR, report BIGINT, publisher VARCHAR);
    CREATE TABLE IF NOT EXISTS quotes (mention_id VARCHAR, part VARCHAR, report_id VARCHAR, text VARCHAR,
        "trigger" INTEGER[], spans STRUCT("role" VARCHAR, "start" INTEGER, "end" INTEGER)[]);
"""

SHARDS = (
    """CREATE OR REPLACE TEMP TABLE taken AS SELECT nextval('numbers') AS no, * FROM (
        SELECT * FROM given ORDER BY coalesce(start, first_reported) DESC NULLS LAST, event_id)""",
    """INSERT INTO events SELECT no, shard, * EXCLUDE (no, shard), coalesce(start, first_reported),
            coalesce("end", first_reported),
            len(claimants) > 0 OR len(disagreements) > 0
                OR len([t FOR t IN tellings IF t.status = 'negated' OR len(t.claimants) > 0]) > 0,
            len(disagreements) > 0 OR len([t FOR t IN tellings IF t.status = 'negated']) > 0,
            len([t FOR t IN tellings IF t.status = 'future']) > 0,
            list_min([coalesce(t.start, t.published) FOR t IN tellings IF t.status = 'future']),
            list_max([coalesce(t."end", t.published) FOR t IN tellings IF t.status = 'future'])
        FROM taken""",
    f"""INSERT INTO acts SELECT no, shard, side, {_key(*_PARTY)} FROM (
            SELECT no, shard, 's' AS side, unnest(sources) AS p FROM taken
            UNION ALL SELECT no, shard, 't', unnest(targets) FROM taken
            UNION ALL SELECT no, shard, 'c', unnest(claimants) FROM taken)""",
    f"""INSERT INTO actors SELECT key, any_value(who), any_value(p.name), any_value(p.country), any_value(p.sectors),
            any_value(p.actor_id)
        FROM (SELECT p, {_key(*_PARTY)} AS key, {_who(*_PARTY)} AS who FROM (
            SELECT unnest(sources) AS p FROM given UNION ALL SELECT unnest(targets) FROM given
            UNION ALL SELECT unnest(claimants) FROM given))
        WHERE key NOT IN (SELECT key FROM actors) GROUP BY key""",
    """INSERT INTO parties SELECT DISTINCT no, shard, who
        FROM (SELECT acts.* FROM acts SEMI JOIN taken USING (no) WHERE side <> 'c') AS acts
        JOIN actors ON actor = key ORDER BY ALL""",
    f"""INSERT INTO links SELECT DISTINCT no, shard, {_who(*_SOURCE)}, {_who(*_TARGET)}
        FROM given_dyads JOIN taken USING (shard, event_id)
        WHERE source_name IS NOT NULL AND target_name IS NOT NULL ORDER BY ALL""",
    """INSERT INTO told SELECT DISTINCT no, shard, report, t.publisher
        FROM (SELECT no, shard, unnest(tellings) AS t FROM taken)
        LEFT JOIN numbers_of ON t.report_id = numbers_of.report_id ORDER BY ALL""",
    "DROP TABLE taken",
)
"""Statements that fill the tables of shards, given their events and dyads, and the numbers of the reports they cite."""

_BEGIN = f"""CASE WHEN len(sentence.text) <= {QUOTE} THEN sentence.start ELSE greatest(sentence.start,
    least("trigger".start - {QUOTE // 2}, sentence."end" - {QUOTE})) END"""
_SPANS = """[{'role': '%s', 'start': x.start - begin, 'end': x."end" - begin} FOR x IN %s
    IF x.start >= begin AND x."end" <= finish]"""

QUOTES = f"""INSERT INTO quotes SELECT mention_id, part, report_id,
        substring(sentence.text, begin - sentence.start + 1, {QUOTE}),
        ["trigger".start - begin, least("trigger"."end", finish) - begin],
        list_distinct({_SPANS % ("source", "sources")} || {_SPANS % ("target", "targets")}
            || {_SPANS % ("claimant", "claimants")}
            || {_SPANS % ("time", '[s FOR s IN ["when".span] IF s IS NOT NULL]')}
            || {_SPANS % ("place", '[s FOR s IN ["where".span] IF s IS NOT NULL]')})
    FROM (SELECT *, least(begin + {QUOTE}, sentence."end") AS finish FROM (SELECT *, {_BEGIN} AS begin FROM given))"""
"""Fills `quotes` with the mentions of parts."""

REPORT_TABLES = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS reports (no INTEGER PRIMARY KEY, report_id TEXT UNIQUE, part TEXT, publisher TEXT,
        url TEXT, published TEXT, language TEXT, retrieved TEXT, duplicate_of TEXT, duplicate_kind TEXT, title TEXT,
        text TEXT);
    CREATE INDEX IF NOT EXISTS reports_by_part ON reports (part);
    CREATE INDEX IF NOT EXISTS reports_by_day ON reports (published DESC, report_id);
    CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
        title, text, content = 'reports', content_rowid = 'no', tokenize = 'unicode61 remove_diacritics 2');
"""
REPORTS = ("report_id", "part", "publisher", "url", "published", "language", "retrieved", "duplicate_of",
           "duplicate_kind", "title", "text")  # fmt: skip
FORGET_REPORTS = (
    "INSERT INTO words (words, rowid, title, text) SELECT 'delete', no, title, text FROM reports WHERE part = :part",
    "UPDATE reports SET part = NULL, text = '', title = NULL WHERE part = :part",
)
"""A report keeps its number: the events that cite it need not be taken in again."""
REPORT = f"""INSERT INTO reports ({", ".join(REPORTS)}) VALUES ({", ".join(f":{name}" for name in REPORTS)})
    ON CONFLICT (report_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in REPORTS[1:])}
    WHERE reports.part IS NULL"""
WORDS = "INSERT INTO words (rowid, title, text) SELECT no, title, text FROM reports WHERE part = :part"
