"""Corrections at the desk: made, listed, withdrawn, and given as training annotations."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from legation.corrections import STATES, Correction
from legation.desk.operations import PAGE, Download, Given, Operation, Parameter, Refusal, one_of
from legation.gold import documents
from legation.show import as_json

if TYPE_CHECKING:
    from legation.desk.desk import Desk


@dataclass(frozen=True)
class Mending:
    """What is to be corrected: a field of a mention, and what it becomes. The forms of values are: wrong true; deed
    {deed, modes}; status one of the five; sources, targets and claimants lists of {start, end, text, country, sectors,
    name, actor_id}; when {start, end, span, precision} or null; where {span, name, country, admin1, lat, lon, place_id}
    or null. Offsets count Unicode characters of the report's text. `by` says who corrects it."""

    mention_id: str
    field: Literal["wrong", "deed", "status", "sources", "targets", "when", "where", "claimants"]
    value: Any
    by: str
    note: str | None = None


@dataclass(frozen=True)
class Listed(Correction):
    """A correction, what the field `was` as coded, and the sentence, its words for the deed and its report; null where
    the mention is gone."""

    was: Any = None
    sentence: str | None = None
    trigger: str | None = None
    deed: str | None = None
    title: str | None = None
    publisher: str | None = None
    published: date | None = None


@dataclass(frozen=True)
class Corrections:
    """Corrections, the latest first."""

    corrections: tuple[Listed, ...]
    total: int
    next: str | None


def corrections(desk: "Desk", given: Given) -> dict[str, Any]:
    """Corrections, the latest first."""
    told = [c for c in reversed(desk.store.corrections()) if _chosen(c, given)]
    begin = 0
    if given["after"] is not None:
        ids = [c.correction_id for c in told]
        if given["after"] not in ids:
            raise Refusal("after is not the `next` of a page of these corrections: begin again without it")
        begin = ids.index(given["after"]) + 1
    page = told[begin : begin + given["limit"]]
    more = len(told) > begin + len(page)
    return {"corrections": _listed(desk, page), "total": len(told), "next": page[-1].correction_id if more else None}


def _chosen(correction: Correction, given: Given) -> bool:
    asked = {name: given[name] for name in ("mention_id", "report_id", "state")}
    return all(value is None or getattr(correction, name) == value for name, value in asked.items())


def _listed(desk: "Desk", page: list[Correction]) -> list[dict[str, Any]]:
    coded = desk.store.as_coded(c.mention_id for c in page)
    ids = sorted({c.report_id for c in page})
    marks = ", ".join("?" * len(ids))
    sql = f"SELECT report_id, title, publisher, published FROM reports WHERE report_id IN ({marks})"
    reports = {row.pop("report_id"): row for row in desk.index.reports(sql, ids)}
    out = []
    for correction in page:
        row = asdict(correction) | reports.get(correction.report_id, {})
        if mention := coded.get(correction.mention_id):
            row |= {"was": _was(mention, correction.field), "deed": mention["deed"]}
            row |= {"sentence": mention["sentence"]["text"], "trigger": mention["trigger"]["text"]}
        out.append(row)
    return out


def _was(mention: dict[str, Any], field: str) -> Any:
    """The field of a mention as it was coded, in the form of a correction's value."""
    if field == "deed":
        return {"deed": mention["deed"], "modes": mention["modes"]}
    return False if field == "wrong" else mention[field]


def correct(desk: "Desk", given: Given) -> Correction:
    """Keep a correction."""
    asked: Mending = given.body
    try:
        return desk.store.correct(
            asked.mention_id, asked.field, asked.value, by=asked.by, note=asked.note or None, at=desk.clock()
        )
    except KeyError as error:
        raise Refusal(
            f"there is no mention {asked.mention_id[:80]!r} in this store: name one that is listed", 404
        ) from error
    except ValueError as error:
        raise Refusal(str(error)) from error


def withdraw(desk: "Desk", given: Given) -> None:
    """Withdraw a correction."""
    try:
        desk.store.withdraw(given["id"], by=given["by"], at=desk.clock())
    except KeyError as error:
        raise Refusal(
            f"there is no correction {given['id'][:80]!r} that holds: /api/corrections lists them", 404
        ) from error


def gold(desk: "Desk", given: Given) -> Download:
    """The corrected sentences as training annotations."""
    return Download("corrections.jsonl", "application/x-ndjson", _lines(desk))


def _lines(desk: "Desk") -> Iterator[bytes]:
    for document in documents(desk.store):
        yield (as_json(document) + "\n").encode()


_CHOICE = (
    Parameter("mention_id", "words", "Corrections of this mention."),
    Parameter("report_id", "words", "Corrections of mentions of this report."),
    Parameter("state", one_of(*STATES), "What has become of them."),
)
OPERATIONS = (
    Operation("GET", "/api/corrections", corrections, "Corrections, the latest first, those that were withdrawn too.",
              Corrections, (*_CHOICE, *PAGE)),
    Operation("POST", "/api/corrections", correct, "Correct a field of a mention, in every view; events follow soon.",
              Correction, body=Mending, status=201, refusals=(404,)),
    Operation("DELETE", "/api/corrections/{id}", withdraw, "Withdraw a correction; it stays as history.",
              parameters=(Parameter("id", "words", "The correction.", required=True),
                          Parameter("by", "words", "Who withdraws it.", required=True)), status=204),
    Operation("GET", "/api/corrections/gold", gold, "Corrected sentences as training annotations, a JSON line each.",
              media_type="application/x-ndjson"),
)  # fmt: skip
