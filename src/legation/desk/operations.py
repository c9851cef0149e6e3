"""How the requests that the desk answers are declared, once, for the routes and for their documentation.

    def events(desk: Desk, given: Given) -> Events: ...
    OPERATIONS = (Operation("GET", "/api/events", events, "The events that pass the filters.", Events, FILTERS),)

A handler is a plain function, run in a thread. It gets parameters that are checked already, by name; what it returns is
written as JSON: dataclasses and dicts as objects, dates in ISO form. For another answer it returns an Answer or a
Download; for what is wrong with the request it raises Refusal.
"""

import base64
import json
import re
import types
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from legation.schema import DEEDS, STATUSES

if TYPE_CHECKING:
    from legation.desk.desk import Desk

MOST = 500
"""Rows of a page at most."""


class Refusal(Exception):  # noqa: N818 - no error of the desk's
    """What is wrong with a request, in a sentence that says what to do, and the HTTP status that says so."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence, self.status = sentence, status


@dataclass(frozen=True)
class Kind:
    """What a parameter may be: its JSON Schema, and how its text is read; reading raises ValueError."""

    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    says: str


def _matching(pattern: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    def checked(text: str) -> Any:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(text)
        return read(text)

    return checked


def _one_of(*values: str) -> Kind:
    def checked(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    return Kind({"type": "string", "enum": list(values)}, checked, f"one of {', '.join(values)}")


def _whole(low: int, high: int) -> Kind:
    def checked(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    schema = {"type": "integer", "minimum": low, "maximum": high}
    return Kind(schema, _matching(r"[+-]?\d{1,9}", checked), f"a whole number from {low} to {high}")


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError(text)
    return number


def _words(text: str) -> str:
    if not 0 < len(text) <= 500 or "\0" in text:
        raise ValueError(text)
    return text


def _pair(text: str) -> tuple[str, str]:
    one, comma, other = (part.strip() for part in text.partition(","))
    if not (one and comma and other) or len(text) > 500 or "\0" in text:
        raise ValueError(text)
    return one, other


_TRUTHS = {"true": True, "false": False}
KINDS = {
    "words": Kind({"type": "string", "minLength": 1, "maxLength": 500}, _words, "1 to 500 characters"),
    "pair": Kind({"type": "string", "pattern": "[^,\\s][^,]*,.*\\S", "maxLength": 500}, _pair,
                 'two actors with a comma between them, as in "PRK,RUS"'),
    "day": Kind({"type": "string", "format": "date"}, _matching(r"\d{4}-\d\d-\d\d", date.fromisoformat),
                "a day as YYYY-MM-DD"),
    "share": Kind({"type": "number", "minimum": 0, "maximum": 1}, _matching(r"\d?\.?\d{1,9}", _share),
                  "a number from 0 to 1"),
    "truth": Kind({"type": "boolean"}, _TRUTHS.__getitem__, "true or false"),
    "quad": _whole(1, 4),
    "limit": _whole(1, MOST),
    "deed": _one_of(*DEEDS),
    "status": _one_of(*STATUSES),
    "bin": _one_of("day", "week", "month"),
}  # fmt: skip


def one_of(*values: str) -> Kind:
    """A kind for a parameter of few values that only one operation has."""
    return _one_of(*values)


@dataclass(frozen=True)
class Parameter:
    """One parameter of the query, or of the path where the operation's path names it in braces.

    `kind` is one of KINDS, by name, or its own. A parameter that is not given is its `default`, an empty tuple where it
    may be given `many` times.
    """

    name: str
    kind: str | Kind
    says: str
    required: bool = False
    many: bool = False
    default: Any = None

    @property
    def meant(self) -> Kind:
        return KINDS[self.kind] if isinstance(self.kind, str) else self.kind

    def read(self, values: list[str]) -> Any:
        """Its value of the texts given for it. Raises Refusal."""
        if not values:
            if self.required:
                raise Refusal(f"{self.name} is missing: give {self.meant.says}")
            return () if self.many else self.default
        if len(values) > (20 if self.many else 1):
            raise Refusal(
                f"{self.name} is given {len(values)} times: give it {'20 times at most' * self.many or 'once'}"
            )
        try:
            read = tuple(self.meant.read(value) for value in values)
        except (ValueError, KeyError) as error:
            shown = next((value for value in values if not self._fits(value)), values[0])
            raise Refusal(f"{self.name}={shown[:80]!r} cannot be read: give {self.meant.says}") from error
        return read if self.many else read[0]

    def _fits(self, value: str) -> bool:
        try:
            self.meant.read(value)
        except (ValueError, KeyError):
            return False
        return True


PAGE = (
    Parameter("limit", "limit", "Rows of a page.", default=50),
    Parameter("after", "words", "`next` of the page before: what follows it is given."),
)


def cursor(*values: str | int) -> str:
    """What `after` is given to go on behind values; opaque to who asks."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def read_cursor(after: str, sort: str, *kinds: type) -> list[Any]:
    """The values of a cursor: the sort that it was made for, and others of these kinds. Raises Refusal."""
    try:
        values = json.loads(base64.b64decode(after.encode(), altchars=b"-_", validate=True))
        if [type(value) for value in values] == [str, *kinds] and values[0] == sort:
            return list(values)
    except (ValueError, TypeError):
        pass
    raise Refusal("after is not the `next` of a page of this list: begin again without it")


@dataclass(frozen=True)
class Given:
    """A request's parameters by name, all that the operation declares, and its body (see Operation)."""

    values: Mapping[str, Any]
    body: Any = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True)
class Answer:
    """A JSON answer with another status than 200."""

    status: int
    body: Any


@dataclass(frozen=True)
class Download:
    """Bytes that are sent as they come: to be saved under a name, or without one to be read on the way."""

    name: str | None
    media_type: str
    pieces: Iterator[bytes] | AsyncIterator[bytes]


@dataclass(frozen=True)
class Operation:
    """A method and a path, what answers it, and what is told of it.

    `answer` is the type of the JSON that is sent with `status`; None where it sends nothing (204) or a Download of a
    `media_type`. `body` is the dataclass that the JSON body is read as. `cached` answers depend on nothing but the URL
    and the version of the store; `slow` ones wait for each other, so that they leave the machine to the quick ones.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: "Callable[[Desk, Given], Any]"
    says: str
    answer: Any = None
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    status: int = 200
    media_type: str = "application/json"
    cached: bool = False
    slow: bool = False
    refusals: tuple[int, ...] = field(default=())

    @property
    def in_path(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{(\w+)\}", self.path))


# Bodies. ----------------------------------------------------------------------------------------------------------


def read_body(kind: type, raw: bytes) -> Any:
    """The JSON of a request as the dataclass `kind`. Raises Refusal, naming the field that is wrong."""
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"the body is no JSON ({str(error)[:80]}): send one object") from error
    return read_value(kind, value, "the body")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null",
          list: "a list", dict: "an object"}  # fmt: skip


def read_value(kind: Any, value: Any, at: str) -> Any:
    """A JSON value as a type: a dataclass, str, int, float, bool, None, a Literal, a union of these, tuple[kind, ...],
    or Any. Raises Refusal; `at` is what the value is called."""
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), value, at)
    if origin is Literal:
        if value not in get_args(kind) or isinstance(value, bool):
            raise Refusal(f"{at} must be one of {', '.join(map(str, get_args(kind)))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise Refusal(f"{at} must be a list")
        return tuple(read_value(get_args(kind)[0], item, f"{at}[{i}]") for i, item in enumerate(value))
    if is_dataclass(kind):
        return _read_record(kind, value, at)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise Refusal(f"{at} must be {_NAMES[kind]}")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Refusal(f"{at} holds half a surrogate pair, which is no character: leave it out") from error
    return value


def _read_union(kinds: tuple[Any, ...], value: Any, at: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    for kind in rest[:-1]:
        try:
            return read_value(kind, value, at)
        except Refusal:
            continue
    return read_value(rest[-1], value, at)


def _read_record(kind: Any, value: Any, at: str) -> Any:
    if not isinstance(value, dict):
        raise Refusal(f"{at} must be an object")
    hints = get_type_hints(kind)
    known = {column.name for column in fields(kind)}
    if unknown := sorted(set(value) - known):
        raise Refusal(f"{at} has no field {unknown[0][:80]!r}; it has {', '.join(sorted(known))}")
    for column in fields(kind):
        if column.name not in value and column.default is MISSING and column.default_factory is MISSING:
            raise Refusal(f"{at} lacks the field {column.name!r}")
    return kind(**{name: read_value(hints[name], item, f"{at}, {name}") for name, item in value.items()})
