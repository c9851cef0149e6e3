"""The filters of the desk, the same in every view: what they are called, and the events that pass them as SQL."""

import re
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from legation.desk.desk import Desk
from legation.desk.operations import Given, Parameter
from legation.desk.search import matching_reports

ACTOR = Parameter("actor", "words", 'A source or target: "PRK", "PRK GOV", an actor_id, or words of a name.')
SINCE = Parameter("since", "day", "Deeds of this day or later.")
UNTIL = Parameter("until", "day", "Deeds of this day or earlier.")
FILTERS = (
    ACTOR,
    Parameter("dyad", "pair", "Two such actors, in either direction or meeting, with a comma between them."),
    Parameter("deed", "deed", "The deed; several: any of them.", many=True),
    Parameter("status", "status", "Whether it happened; several: any of them.", many=True),
    Parameter("quad", "quad", "The quad class; several: any of them.", many=True),
    Parameter("place", "words", "Where: a country's code, a place_id, or words of a place's name."),
    SINCE,
    UNTIL,
    Parameter("confidence", "share", "At least so sure."),
    Parameter("publisher", "words", "Told by this publisher."),
    Parameter("q", "words", 'Told by a report with these words: words, "phrases", word*, -without, OR.'),
)


@dataclass
class Chosen:
    """Events that pass filters: a condition on rows of `events`, its values, and tables that it refers to."""

    where: str = "true"
    params: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pa.Table] = field(default_factory=dict)


def chosen(desk: Desk, given: Given) -> Chosen:
    """The events that pass the parameters of FILTERS; those that are not given let all pass.

    An event is found where its days touch `since` to `until`, as in Store.events.
    """
    found = Chosen()
    tests = [*_plain(given, found), *_actors(desk, given, found), *_texts(desk, given, found)]
    found.where = " AND ".join(f"({test})" for test in tests) or "true"
    return found


def _plain(given: Given, found: Chosen) -> list[str]:
    tests = {
        "deed": "list_contains($deed, deed)",
        "status": "list_contains($status, status)",
        "quad": "list_contains($quad, quad)",
        "since": "last_day >= $since",
        "until": "day <= $until",
        "confidence": "confidence >= CAST($confidence AS FLOAT)",
        "publisher": "no IN (SELECT no FROM told WHERE publisher = $publisher)",
    }
    asked = [name for name in tests if given[name] not in (None, ())]
    found.params |= {name: list(v) if isinstance(v := given[name], tuple) else v for name in asked}
    if given["place"] is not None:
        found.params |= {"place": given["place"], "place_name": whole_words(given["place"])}
        where = '"where".country = $place OR "where".place_id = $place OR regexp_matches("where".name, $place_name)'
        return [*(tests[name] for name in asked), where]
    return [tests[name] for name in asked]


def _actors(desk: Desk, given: Given, found: Chosen) -> list[str]:
    """An actor, and a dyad, by the keys that its words stand for: names are few beside the events."""
    tests = []
    if given["actor"] is not None:
        found.params |= actor_values("a", given["actor"])
        keys = f"SELECT key FROM actors WHERE {actor_test('a')}"
        tests.append(f"no IN (SELECT no FROM acts WHERE side <> 'c' AND actor IN ({keys}))")
    if given["dyad"] is not None:
        one, other = given["dyad"]
        keys = f"SELECT key FROM actors WHERE {actor_test('b')}"
        found.tables |= {name: desk.index.table(keys, actor_values("b", words)) for name, words in
                         (("one", one), ("other", other))}  # fmt: skip
        crossed = f"no IN ({_both('s', 'one', 't', 'other')}) OR no IN ({_both('s', 'other', 't', 'one')})"
        # Both among the sources is a dyad only where they are two actors: PRK with PRK must not find every deed of PRK.
        together = f"no IN ({_both('s', 'one', 's', 'other')}) AND len(sources) > 1"
        tests.append(f"{crossed} OR {together}" if one != other else crossed)
    return tests


def actor_test(name: str) -> str:
    """The test that a row of `actors` is what words name, as Store.events tests it; `name` begins its values' names."""
    return f"""actor_id = ${name}_words OR regexp_matches(name, ${name}_name)
        OR country = ${name}_country AND list_has_all(sectors, ${name}_sectors)"""


def _both(side: str, actors: str, other_side: str, others: str) -> str:
    """Events that have one of `actors`, a table of keys, on a side and one of `others` on the other."""
    return f"""SELECT no FROM acts WHERE side = '{side}' AND actor IN (SELECT key FROM {actors})
        AND no IN (SELECT no FROM acts WHERE side = '{other_side}' AND actor IN (SELECT key FROM {others}))"""


def actor_values(name: str, words: str) -> dict[str, Any]:
    """The values of `actor_test`."""
    country, *sectors = words.split() or [""]
    return {f"{name}_words": words, f"{name}_name": whole_words(words), f"{name}_country": country,
            f"{name}_sectors": sectors}  # fmt: skip


def whole_words(words: str, unfinished: bool = False) -> str:
    """The regular expression, of DuckDB, for words in any case; `unfinished`: the last may go on."""
    end = "" if unfinished else r"($|[^\pL\pN])"
    return rf"(?i)(^|[^\pL\pN]){re.escape(words)}{end}"


def _texts(desk: Desk, given: Given, found: Chosen) -> list[str]:
    if given["q"] is None:
        return []
    found.tables["matching"] = pa.table({"report": matching_reports(desk.index, given["q"])})
    return ["no IN (SELECT no FROM told WHERE report IN (SELECT report FROM matching))"]
