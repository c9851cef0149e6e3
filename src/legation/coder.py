"""Report -> Mentions. The file to read first: it shows the whole path of a report, and each step is one file.

clean        which paragraphs are the report's own
segment      paragraphs to sentences
encoder      sentences to deeds, arcs, names and syntax
coding/      deeds to published codes; spans to actors, days, places and counts
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from legation import __version__, clean
from legation.coding import claims, confidence, counts, deeds, times
from legation.coding.actors import ActorResolver
from legation.coding.places import PlaceResolver
from legation.encoder import Encoder
from legation.schema import UNKNOWN, Actor, Argument, DeedReading, Mention, Reading, Report, Span, When, Where
from legation.segment import sentences

CODABLE = ("en", "und")
"""Languages that are coded: English, and texts too short to tell."""

BACKGROUND = timedelta(days=30)
"""What happened longer before publication is background, as the guidelines of the gold sets draw the line."""
AROUND = 25
"""Characters on either side of a time in which the rest of its expression is looked for."""
LONGEST_TIME = 200
"""Characters of a time expression; what is longer is not one, and the grammar would take too long over it."""

_TENSES = {"actual": "past", "historical": "past", "negated": "past", "future": "future", "hypothetical": "future"}


class Coder:
    """Codes reports. Loads the encoder once; one object for each process."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        self._encoder = encoder or Encoder()
        self.version = f"legation {__version__} / weights {self._encoder.settings.version}"

    def code(self, report: Report) -> list[Mention]:
        """The mentions of one report, in the order of its text; none where it is not in English.

        The same report gives the same mentions, whatever else was coded before.
        """
        return [mention for _, mention in self.code_with_readings(report)]

    def code_with_readings(self, report: Report) -> list[tuple[DeedReading, Mention]]:
        """As `code`, each mention with what the encoder read of its deed: for those who measure and calibrate."""
        report = clean.prepared(report)
        if report.language not in CODABLE:
            return []
        found = [s for span in clean.body(report).spans for s in sentences(report.text, span.start, span.end)]
        readings = self._encoder.read(report.text, found)
        scene = _Scene(report, ActorResolver(report, readings), PlaceResolver(report, readings))
        coded = [
            pair
            for index, reading in enumerate(readings)
            for pair in _once([(deed, self._mention(scene, index, reading, deed)) for deed in reading.deeds])
        ]
        return sorted(coded, key=lambda pair: (pair[1].trigger.start, pair[1].trigger.end, pair[1].deed))

    def _mention(self, scene: "_Scene", index: int, reading: Reading, deed: DeedReading) -> Mention:
        report = scene.report
        deed = claims.attributed(reading, deed)
        when = _when(report, reading.sentence, deed)
        status = _status(deed, when, report.published)
        published = deeds.publish(deed.deed, deed.modes, status)
        claimants = scene.resolved(deed.claimants, index)
        sources = scene.resolved(deed.sources, index, claimants)
        others = frozenset(actor.country for actor in sources) - {UNKNOWN}
        targets = scene.resolved(deed.targets, index, claimants, others)
        killed, injured = _casualties(report.text, reading, deed)
        return Mention(
            mention_id=_mention_id(report, deed),
            report_id=report.report_id,
            sentence=reading.sentence,
            trigger=deed.trigger,
            deed=deed.deed,
            modes=deed.modes,
            status=status,
            plover=published.plover,
            cameo=published.cameo,
            quad=published.quad,
            goldstein=published.goldstein,
            contexts=published.contexts,
            sources=sources,
            targets=targets,
            when=when,
            where=scene.where(deed, targets, reading.sentence),
            claimants=claimants,
            killed=killed,
            injured=injured,
            confidence=confidence.of(deed, sources, targets),
            coder=self.version,
        )


def _once(coded: Sequence[tuple[DeedReading, Mention]]) -> list[tuple[DeedReading, Mention]]:
    """A sentence's mentions, each deed once: of those that may be one the surest stays.

    A second word for a deed that is told already ("imposed sanctions", "killed in an attack") is no second deed, as the
    guidelines of the gold sets have it.
    """
    kept: list[tuple[DeedReading, Mention]] = []
    for pair in sorted(coded, key=lambda pair: -pair[1].confidence):
        if not any(_may_be_one(pair[1], other) for _, other in kept):
            kept.append(pair)
    return kept


_HAPPENED = {"actual": True, "historical": True, "future": False, "hypothetical": False, "negated": None}


def _may_be_one(mention: Mention, other: Mention) -> bool:
    """Whether two mentions tell of the same deed, and of no two actors on a side; what was denied was not done."""
    if mention.deed != other.deed or _HAPPENED[mention.status] is not _HAPPENED[other.status]:
        return False
    sides = ((mention.sources, other.sources), (mention.targets, other.targets))
    countries = (({a.country for a in ours}, {a.country for a in theirs}) for ours, theirs in sides)
    return all(ours == theirs or not ours or not theirs for ours, theirs in countries)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A report, and what resolves the words in it."""

    report: Report
    actors: ActorResolver
    places: PlaceResolver

    def resolved(
        self,
        arguments: Sequence[Argument],
        index: int,
        speaker: Sequence[Actor] = (),
        others: frozenset[str] = frozenset(),
    ) -> tuple[Actor, ...]:
        """The actors that the arguments name in sentence `index`; `others`: countries of the deed's other side."""
        return tuple(a for argument in arguments for a in self.actors.resolve(argument, index, speaker, others))

    def where(self, deed: DeedReading, targets: Sequence[Actor], sentence: Span) -> Where | None:
        """The place told. Of a visit it is the host, of an attack the town or region attacked, where those are places:
        the encoder reads such words as target alone.
        """
        if place := _best(deed.places):
            return self.places.resolve(place, sentence)
        if "visit" not in deed.modes and deed.deed != "ASSAULT":
            return None
        for target in targets:
            words = Span(target.start, target.end, target.text)
            where = self.places.resolve(Argument(words, 1.0), sentence)
            host = deed.deed != "ASSAULT" and len(targets) == 1
            if where and where.lat is not None and (where.name == target.name if host else _is_town(where, words)):
                return where
        return None


def _is_town(where: Where, words: Span) -> bool:
    """Whether the words are the name of a place smaller than a country, and nothing else."""
    return where.span == words and where.place_id != where.country


def _when(report: Report, sentence: Span, deed: DeedReading) -> When | None:
    """The stated time of the deed, else the day of publication with basis "report", else null."""
    told = _best(deed.times)
    if not told or len(told.span.text) > LONGEST_TIME:
        return times.publication_day(report.published) if report.published else None
    span = _whole(report.text, told.span)
    when = times.resolve(span, report.published, _TENSES[deed.status])
    if when.start or deed.trigger.start < span.end:
        return when
    return times.counted_back(span, _told_before(report, sentence.start, span.start)) or when


def _told_before(report: Report, start: int, end: int) -> When:
    """The last time that text[start:end] tells, else the day of publication."""
    told = (times.resolve(found, report.published, "past") for found in times.find(report.text, start, end)[::-1])
    return next((when for when in told if when.start), times.publication_day(report.published))


def _whole(text: str, told: Span) -> Span:
    """The time expression of which the encoder found a part: "this week", where it read "week"."""
    around = times.find(text, max(0, told.start - AROUND), min(len(text), told.end + AROUND))
    return next((span for span in around if span.start <= told.start and told.end <= span.end), told)


def _status(deed: DeedReading, when: When | None, published: date | None) -> str:
    """What happened long before the report is background, as the guidelines draw the line: 30 days."""
    stated = when.end if when and when.basis == "stated" else None
    past = stated is not None and published is not None and published - stated > BACKGROUND
    return "historical" if past and deed.status == "actual" else deed.status


def _casualties(text: str, reading: Reading, deed: DeedReading) -> tuple[int | None, int | None]:
    """Killed and injured told of an assault; where a sentence tells of several, each up to the next one's trigger."""
    if deed.deed != "ASSAULT":
        return None, None
    triggers = sorted(other.trigger.start for other in reading.deeds if other.deed == "ASSAULT")
    start = reading.sentence.start if deed.trigger.start == triggers[0] else deed.trigger.start
    end = min((at for at in triggers if at > deed.trigger.start), default=reading.sentence.end)
    return counts.casualties(text, start, end)


def _best(arguments: Sequence[Argument]) -> Argument | None:
    return max(arguments, key=lambda a: a.probability, default=None)


def _mention_id(report: Report, deed: DeedReading) -> str:
    key = f"{report.report_id}\n{deed.trigger.start}\n{deed.trigger.end}\n{deed.deed}"
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
