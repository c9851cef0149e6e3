"""Who an actor is: the words of an argument -> name, country, sectors, and an id that is stable across reports.

News introduces its actors, so the span itself is asked first (nationality, role noun, known body), then what the report
said elsewhere (introductions, earlier mentions), then the dated table of offices, then the country in focus. Codes of
countries and sectors are those of the PLOVER manual.
"""

import re
from collections.abc import Iterator, Sequence

from legation.inheritance import BODIES, CountriesTold, Query, Told
from legation.schema import UNKNOWN, Actor, Argument, Reading, Report
from legation.tables.phrases import (
    Item,
    Meaning,
    form_of,
    head_of,
    holder_at,
    introductions,
    is_former,
    is_name,
    is_speaker,
    keys_of,
    parts_of,
    read_phrases,
    usual_sectors,
    words_for,
)  # fmt: skip

_TITLE = -1
_ORGANS = frozenset(["GOV", "MIL", "COP", "JUD", "LEG", "SPY"])
_QUOTE = re.compile("[\"“”]|``|''")
_DATELINE = re.compile(r"[^.:]{0,60}?(?:\)? [-–—]+ |: )")


class ActorResolver:
    """Resolves the actors of one report; the report is read once, when the resolver is made."""

    def __init__(self, report: Report, readings: Sequence[Reading]) -> None:
        self._text, self._publisher = report.text, read_phrases(report.publisher or "")
        self._date = report.published.isoformat()[:7] if report.published else ""
        self._sentences = {number: read_phrases(reading.sentence.text) for number, reading in enumerate(readings)}
        self._sentences[_TITLE] = read_phrases(report.title or "")
        self._offsets = {number: reading.sentence.start for number, reading in enumerate(readings)}
        self._texts = {_TITLE: report.title or ""} | {n: reading.sentence.text for n, reading in enumerate(readings)}
        order = sorted(self._sentences)
        self._presented: dict[int, list[tuple[int, Meaning]]] = {}
        self._introduced: dict[str, list[tuple[int, int, Meaning]]] = {}
        for number in order:
            for item in self._sentences[number]:
                if item.kind == "person" and len(item.keys) > 1:
                    told = (number, item.start, self._at_date(item))
                    self._introduced.setdefault(item.keys[-1], []).append(told)
            for key, at, meaning in introductions(self._texts[number], self._sentences[number]):
                self._introduced.setdefault(key, []).append((number, at, meaning))
                if meaning.kind == "person":
                    self._presented.setdefault(number, []).append((at, meaning))
        self.told = CountriesTold([told for number in order for told in self._countries(number)], len(readings))

    def resolve(
        self,
        argument: Argument,
        sentence_index: int,
        speaker: Sequence[Actor] = (),
        other_countries: frozenset[str] = frozenset(),
    ) -> list[Actor]:
        """The actors that the argument's words name, one for each country in "Israeli and Palestinian officials".

        Empty where the span holds no word. `speaker`: the claimants of the deed, whom "we" and "I" stand for.
        `other_countries` are those of the other side of the deed: they tell against inheriting one of them.
        """
        items = read_phrases(argument.span.text)
        if not items:
            return []
        core, tail = head_of(items)
        at = argument.span.start - self._offsets.get(sentence_index, 0)
        if len(pair := self._pair(core, sentence_index, at)) > 1:
            return [self._made(argument, core, country, argument.sectors or ("GOV",), None) for country in pair]
        if is_speaker(core[-1]) and speaker:
            return [self._made(argument, core, said.country, said.sectors, None) for said in speaker]
        if not any(item.kind not in ("", "role") for item in core) and tail and tail[0].keys[0] in words_for("owner"):
            whole = core + tail[:1] + head_of(tail[1:])[0]
            if len(parts := parts_of(argument.span.text, whole)) > 1:
                return [self._actor(p, core, [], argument, sentence_index, speaker, other_countries) for p in parts]
        parts = parts_of(argument.span.text, core)
        return [self._actor(part, core, tail, argument, sentence_index, speaker, other_countries) for part in parts]

    def _actor(
        self, part: list[Item], core: list[Item], tail: list[Item], argument: Argument, sentence: int,
        speaker: Sequence[Actor], others: frozenset[str],
    ) -> Actor:  # fmt: skip
        at = argument.span.start - self._offsets.get(sentence, 0)
        own = self._own(part)
        sectors, certain = self._sectors(part, core, tail, own)
        earlier = None if own else self._earlier(core, sentence, at)
        if earlier and earlier.sectors and not certain:
            sectors, certain = earlier.sectors, earlier.kind in ("person", "body")
        if argument.sectors and not certain:
            sectors = argument.sectors
        country = own.country if own and own.strong else self._tail_country(tail, sectors)
        country = country or (earlier.country if earlier else "")
        if not country:
            form, owner = form_of(core, sectors), self._owner(core, sentence, at, speaker)
            if earlier and earlier.kind == "person":
                form, (sentence, at, _) = "name", self._introduced[keys_of(earlier.name)[-1]][0]
            default = own.country if own else ""
            country = (
                owner
                if owner and speaker and is_speaker(core[0])
                else self.told.inherit(Query(form, sectors, sentence, at, others, default, owner, core[-1].keys[-1]))
            )
            if country == "IMG":  # who belongs to an armed group is coded as that group
                sectors = self.told.last_sectors(country, sentence) or sectors
        if not sectors and not own and country not in BODIES:
            sectors = usual_sectors(core)
        return self._made(argument, part, country, sectors, own or earlier, whole=part is core)

    def _made(
        self, argument: Argument, part: list[Item], country: str, sectors: tuple[str, ...], known: Meaning | None,
        whole: bool = True,
    ) -> Actor:  # fmt: skip
        span = argument.span
        start, end = (0, len(span.text)) if whole else (part[0].start, part[-1].end)
        words = span.text[start:end]
        name, identifier = _identity(known, country, sectors, words)
        return Actor(span.start + start, span.start + end, words, name, country, sectors, identifier)

    def _pair(self, core: list[Item], sentence: int, at: int) -> list[str]:
        """The states of "the two countries", "both sides", "each other": those told last before."""
        keys = [item.keys[-1] for item in core]
        number = 3 if "three" in keys else 2
        if not words_for("pair").intersection(keys) or keys[-1] not in words_for("pair") | words_for("nations"):
            return []
        for told in range(sentence, _TITLE - 1, -1):
            here = [mention for mention in self.told.of_sentence(told) if told < sentence or mention.at < at]
            acting = [mention.country for mention in here if mention.how not in ("place", "dateline", "default")]
            states = [country for country in dict.fromkeys(reversed(acting)) if country not in BODIES]
            if len(states) >= number:
                return states[number - 1 :: -1] if len(states) > number else states[::-1]
        return []

    def _at_date(self, item: Item, nations: Sequence[str] = ()) -> Meaning:
        """Who holds the name: whom the report presents under it, or the holder of office at the report's date.

        `nations` told beside the name decide between "Jordan's King Abdullah" and another.
        """
        if item.kind != "person":
            return item.meanings[0]
        if len(item.keys) == 1:
            for _, _, meaning in self._introduced.get(item.keys[0], ()):
                if meaning.kind == "person":
                    return meaning
        holders = [meaning for meaning in item.meanings if meaning.country in nations] or list(item.meanings)
        return holder_at(holders, self._date)

    def _own(self, core: list[Item]) -> Meaning | None:
        """The nationality that the words state: of the last people, body or person named, else of the last place.

        "Foreign" and "Asian" tell none beside words that do, and "the Asian country" tells of one that is not named.
        """
        bearing = [item for item in core if item.kind not in ("", "role")]
        bearing = [item for item in bearing if item.meanings[0].country != UNKNOWN] or bearing
        if not bearing:
            return None
        stated = bearing[-1].meanings[0].country not in BODIES | {UNKNOWN} or bearing[-1] is core[-1]
        if core[-1].keys[-1] in words_for("nation") and not stated:
            return None
        last = ([item for item in bearing if item.kind in ("demonym", "body", "person")] or bearing)[-1]
        nations = [item.meanings[0].country for item in bearing if item.kind in ("demonym", "country")]
        own = self._at_date(last, nations)
        if last.kind == "person" and not own.country and not nations:
            return None
        if last.kind == "person":
            kinds = ("demonym", "country") if own.country in ("UNO", "IGO") else ("demonym",)
            before = [item.meanings[0].country for item in bearing if item.kind in kinds]
            own = own._replace(country=before[-1]) if before and own.country != "IMG" else own
            return own if last is core[-1] else own._replace(name="")
        if last.kind == "body" and own.name.islower() and bearing[0].kind == "body" and bearing[0] is not last:
            return bearing[0].meanings[0]
        if last.kind == "body" and nations and own.name.islower():
            return own._replace(country=nations[-1], strong=True) if own.sectors else Meaning("demonym", nations[-1])
        if last.kind == "body" and nations and own.country not in BODIES and own.sectors != ("REB",):
            return own._replace(country=nations[-1], strong=True)
        return own

    def _sectors(
        self, part: list[Item], core: list[Item], tail: list[Item], own: Meaning | None
    ) -> tuple[tuple[str, ...], bool]:
        """The sectors that the words tell, and whether they tell them plainly."""
        roles = [item for item in part if item.kind == "role"] or [item for item in core if item.kind == "role"]
        strong = [item.meanings[0].sectors for item in roles if item.meanings[0].strong]
        if own and (own.country in ("UNO", "NGO") or (own.country == "IGO" and own.kind == "person")):
            return (strong[-1] if strong and strong[-1][0] in ("MIL", "COP", "JUD") else own.sectors), True
        armed = not strong or strong[-1][0] in ("REB", "UAF", "MIL")
        if own and own.country == "IMG" and own.kind == "body" and armed:
            return own.sectors, True
        if strong:
            return self._role_sectors(strong, core, own), True
        if own and own.kind in ("body", "person"):
            former = own.sectors == ("GOV",) and is_former(core)
            return (("ELI",) if former else own.sectors), True
        if own and core[-1].kind in ("country", "capital"):
            return own.sectors, False
        for item in () if roles and roles[-1].meanings[0].sectors[0] in ("UAF", "CRM") else tail:
            if item.kind in ("body", "person") or (item.kind == "role" and item.meanings[0].strong):
                return self._at_date(item).sectors, False
        if roles:
            return roles[-1].meanings[0].sectors, False
        if own and own.kind == "demonym":
            many = len(part) > 1 or part[0].text.endswith("s")
            return (("CVL",) if many and part[0].keys[0] != "the" else ("GOV",)), False
        if own or core[-1].keys[0] in words_for("group"):
            return (own.sectors if own else ()) or ("GOV",), False
        return (), False

    def _role_sectors(self, strong: list[tuple[str, ...]], core: list[Item], own: Meaning | None) -> tuple[str, ...]:
        """A general who is president is GOV, the president of a party PTY, a former president ELI."""
        last = strong[-1]
        if last == ("GOV",) and is_former(core):
            return ("ELI",)
        if not own or not own.sectors:
            return last
        office = own.kind == "person" and own.name and (own.sectors in strong or last[0] in ("REL", "CVL"))
        body = own.kind == "body" and (last == ("GOV",) or core[-1].kind == "body")
        return own.sectors if office or body else last

    def _tail_country(self, tail: list[Item], sectors: tuple[str, ...]) -> str:
        """Of "militants in Iraq", "followers of Muqtada al-Sadr"; not of "supporters of the UN", "anger at France"."""
        while tail and tail[0].keys[0] not in words_for("remote") and (sectors, tail[0].keys[0]) != (("UAF",), "of"):
            phrase, rest = head_of(tail[1:])
            own = self._own(phrase)
            if own and own.country not in ("UNO", "NGO"):
                return own.country
            tail = rest
        return ""

    def _earlier(self, core: list[Item], sentence: int, at: int) -> Meaning | None:
        """What the report said elsewhere of the same name or role, or of those a pronoun stands for."""
        first, last = core[0], core[-1]
        if is_speaker(last):
            return self._speaker(sentence, at)
        if len(core) == 1 and first.keys[0] in words_for("person"):
            return self._person_before(sentence, at)
        if len(core) == 1 and first.keys[0] in words_for("plural"):
            return self._group_before(sentence, at)
        named = is_name(last) or last.kind == "person"
        if not (named or first.keys[0] == "the" or last.kind == "role"):
            return None
        known = self._introduced.get(last.keys[-1], [])
        before = [meaning for number, place, meaning in known if (number, place) <= (sentence, at + last.end)]
        told = [meaning for meaning in before if meaning.country] or [m for _, _, m in known if m.country]
        return told[-1] if told else before[-1] if before else known[0][2] if known else None

    def _people(self, number: int) -> list[tuple[int, Meaning]]:
        """Offset and meaning of the persons that a sentence names."""
        items = [item for item in self._sentences.get(number, ()) if item.kind == "person"]
        people = [(item.start, self._at_date(item)) for item in items] + self._presented.get(number, [])
        return sorted(people, key=lambda person: person[0])

    def _person_before(self, sentence: int, at: int) -> Meaning | None:
        for number in range(sentence, _TITLE - 1, -1):
            people = [person for place, person in self._people(number) if number < sentence or place < at]
            if people:
                return people[-1]
        return None

    def _speaker(self, sentence: int, at: int) -> Meaning | None:
        """Whom "we" and "I" stand for: in a quotation the person told of beside it, else the report's own author."""
        text, start = self._text, self._offsets.get(sentence, 0)
        open_before = text.rfind("“", 0, start) > text.rfind("”", 0, start) or text.count('"', 0, start) % 2
        if open_before or _QUOTE.search(self._texts.get(sentence, "")):
            people = [person for _, person in self._people(sentence)]
            return people[-1] if people else self._person_before(sentence, at)
        return self._author()

    def _owner(self, core: list[Item], sentence: int, at: int, speaker: Sequence[Actor]) -> str:
        """The country of whom a possessive before the noun stands for: "our forces", "its ambassador", "his son"."""
        first = core[0].keys[0]
        if len(core) == 1 or first not in words_for("owned"):
            return ""
        if first in words_for("speaker"):
            if speaker:
                return speaker[0].country
            told = self._speaker(sentence, at)
        elif first in words_for("person"):
            told = self._person_before(sentence, at)
        else:
            told = self._group_before(sentence, at)
        return told.country if told else ""

    def _author(self) -> Meaning | None:
        """Who speaks in a report that is a statement: its publisher, whom the title is by, or its first subject."""
        for items in (self._publisher, self._sentences[_TITLE], self._sentences.get(0, [])):
            start = max((n for n, item in enumerate(items) if item.keys[0] == "by"), default=-1) + 1
            for item in items[start:]:
                if not item.meanings and item.keys[0] in words_for("place") | words_for("remote"):
                    break
                if item.kind not in ("", "role", "place") and item.meanings[0].sectors != ("MED",):
                    return self._at_date(item)
        return None

    def _group_before(self, sentence: int, at: int) -> Meaning | None:
        """The first people or body told of in the sentence before the word, or in the two before."""
        for number in range(sentence, max(sentence - 3, _TITLE), -1):
            items = [item for item in self._sentences.get(number, ()) if number < sentence or item.end <= at]
            for item, after in zip(items, [*items[1:], None], strict=False):
                if item.kind in ("body", "demonym", "country") or (item.kind == "role" and item.text.endswith("s")):
                    told = self._at_date(item)
                    acting = after.meanings[0].sectors if after and after.kind == "role" else told.sectors
                    return told._replace(sectors=acting or ("GOV",))
        return None

    def _countries(self, number: int) -> Iterator[Told]:
        text, items = self._texts[number], self._sentences[number]
        dateline = _DATELINE.match(text)
        for n, item in enumerate(items):
            if item.kind in ("", "role") or item.meanings[0].sectors == ("MED",):
                continue
            if item.meanings[0].country == UNKNOWN:
                continue
            how = item.kind if item.meanings[0].strong else "default"
            if n and items[n - 1].keys[0] in words_for("place") and how in ("country", "capital"):
                how = "place"
            if number == 0 and dateline and item.end <= dateline.end():
                how = "dateline"
            told = self._at_date(item)
            after = items[n + 1] if n + 1 < len(items) else None
            if item.kind in ("demonym", "country", "capital") and after and after.kind == "role":
                told = told._replace(sectors=after.meanings[0].sectors)
            yield Told(number, item.start, told.country, how, told.sectors)


def _identity(known: Meaning | None, country: str, sectors: tuple[str, ...], words: str) -> tuple[str, str | None]:
    """Name and identifier: of a person or body; of a state or an organ of it; else the words and nothing."""
    if known and known.name and known.kind in ("person", "body"):
        prefix = "person" if known.kind == "person" else "org"
        return known.name, f"{prefix}:{'-'.join(keys_of(known.name))}"
    organ = sectors[0] if sectors and sectors[0] in _ORGANS else ""
    if country == UNKNOWN or not organ:
        return words, None
    return (known.name if known and known.name else words), f"{country}-{organ}"
