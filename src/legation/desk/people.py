"""The actors of the store, one of them, and what is suggested to who types the name of an actor, place or publisher."""

from dataclasses import dataclass
from typing import Any

from legation import profiles
from legation.desk.desk import Desk
from legation.desk.filters import whole_words
from legation.desk.operations import PAGE, Given, Operation, Parameter, Refusal, cursor, one_of, read_cursor
from legation.profiles import Known, Profile
from legation.tables import rows

SUGGESTIONS = 10
KINDS = ("actor", "place", "publisher")


@dataclass(frozen=True)
class Actors:
    """A page of actors, those that most tellings name first."""

    actors: tuple[Known, ...]
    total: int
    next: str | None


def actors(desk: Desk, given: Given) -> dict[str, Any]:
    found: tuple[Known, ...] = desk.once(("actors", given["q"]), lambda: profiles.actors(desk.store, given["q"]))
    begin = 0 if given["after"] is None else read_cursor(given["after"], "actors", int)[1]
    end = begin + given["limit"]
    return {
        "actors": found[begin:end],
        "total": len(found),
        "next": cursor("actors", end) if end < len(found) else None,
    }


def actor(desk: Desk, given: Given) -> Profile:
    found = profiles.profile(desk.store, given["id"])
    if found is None:
        raise Refusal(f"the store knows no actor {given['id'][:80]!r}: /api/actors finds the id of a name", 404)
    return found


# Suggestions. -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suggestion:
    """A `value` for a filter, how to show it, its kind (country, actor, place, publisher), and of how many events."""

    value: str
    label: str
    kind: str
    n: int


@dataclass(frozen=True)
class Suggestions:
    """Of each kind those of most events."""

    suggestions: tuple[Suggestion, ...]


def suggest(desk: Desk, given: Given) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    for kind in KINDS if given["kind"] is None else (given["kind"],):
        if kind == "actor":
            found += _countries(desk, given["q"])
        found += desk.index.rows(_SUGGESTED[kind], {"words": _beginning(given["q"]), "most": SUGGESTIONS})
    return {"suggestions": found}


def _beginning(words: str) -> str:
    """The words, the last of them as far as it is typed."""
    return whole_words(words, unfinished=True)


def _countries(desk: Desk, words: str) -> list[dict[str, Any]]:
    typed = words.casefold()
    fitting = {
        row["iso3"]: row["name"]
        for row in rows("countries")
        if row["iso3"].casefold().startswith(typed)
        or any(name.casefold().startswith(typed) for name in (row["name"], *row["aliases"].split("|")))
    }
    counted = desk.index.rows(_COUNTRIES, {"codes": list(fitting)})
    return [
        {
            "value": row["country"],
            "label": f"{fitting[row['country']]} ({row['country']})",
            "kind": "country",
            "n": row["n"],
        }
        for row in counted[:SUGGESTIONS]
    ]


_COUNTRIES = """SELECT country, count(DISTINCT no) AS n
    FROM acts JOIN actors ON actor = key WHERE side <> 'c' AND list_contains($codes, country)
    GROUP BY country ORDER BY n DESC, country"""
_SUGGESTED = {
    "actor": """WITH counted AS (
            SELECT who, count(*) AS n FROM parties
            WHERE who IN (SELECT who FROM actors WHERE regexp_matches(name, $words) OR regexp_matches(actor_id, $words))
            GROUP BY who ORDER BY n DESC, who LIMIT $most
        ), named AS (
            SELECT actors.who, name, country, sectors, actor_id, count(*) AS told
            FROM acts JOIN actors ON actor = key WHERE actors.who IN (SELECT who FROM counted) GROUP BY ALL
        )
        SELECT coalesce(first(actor_id), first(name ORDER BY told DESC, name)) AS value,
            first(concat(name, ' (', concat_ws(' ', country, nullif(array_to_string(sectors, ' '), '')), ')')
                ORDER BY told DESC, name) AS label,
            'actor' AS kind, any_value(n) AS n
        FROM named JOIN counted USING (who) GROUP BY who ORDER BY n DESC, value""",
    "place": """SELECT coalesce(place_id, name) AS value,
            concat_ws(', ', name, nullif(admin1, name), country) AS label, 'place' AS kind, n
        FROM (SELECT "where".place_id AS place_id, first("where".name ORDER BY "where".name) AS name,
                any_value("where".admin1) AS admin1, any_value("where".country) AS country, count(*) AS n
            FROM events WHERE regexp_matches("where".name, $words)
            GROUP BY "where".place_id, CASE WHEN "where".place_id IS NULL THEN "where".name END)
        ORDER BY n DESC, label, value LIMIT $most""",
    "publisher": """SELECT publisher AS value, publisher AS label, 'publisher' AS kind, count(DISTINCT no) AS n
        FROM told WHERE regexp_matches(publisher, $words)
        GROUP BY publisher ORDER BY n DESC, publisher LIMIT $most""",
}

OPERATIONS = (
    Operation("GET", "/api/actors", actors, "The actors of the store.", Actors,
              (Parameter("q", "words", 'A country ("PRK"), country and sectors, actor_id, or words of a name.'), *PAGE),
              cached=True),
    Operation("GET", "/api/actor", actor, "Who an actor is, with whom it acts and when.", Profile,
              (Parameter("id", "words", '`actor` of the list, or "PRK", "PRK GOV".', required=True),), cached=True,
              refusals=(404,)),
    Operation("GET", "/api/suggest", suggest, "What typed words may be the beginning of.", Suggestions,
              (Parameter("q", "words", "What is typed.", required=True),
               Parameter("kind", one_of(*KINDS), "Only of this kind; countries are actors.")), cached=True),
)  # fmt: skip
