"""Who an actor is: self-description, earlier mentions, capitals, the dated table of offices, inheritance."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.coding.actors import ActorResolver
from legation.inheritance import Query
from legation.schema import Actor, Argument, Reading, Report, Span
from legation.tables import rows

SECTORS = {"GOV", "MIL", "COP", "JUD", "LEG", "SPY", "REB", "PRM", "PTY", "OPP", "UAF", "UNK", "BUS", "AGR", "LAB"}
SECTORS |= {"CRM", "CVL", "EDU", "ELI", "JRN", "MED", "REF", "REL", "SOC", "PRE"}
COUNTRIES = {row["iso3"] for row in rows("countries")} | {"UNO", "EUR", "IGO", "NGO", "MNC", "IMG", "ISM", "---"}


def report_of(*sentences: str, title: str | None = None, published: date | None = None) -> tuple[Report, list[Reading]]:
    text, readings = " ".join(sentences), list[Reading]()
    at = 0
    for sentence in sentences:
        readings.append(Reading(Span(at, at + len(sentence), sentence)))
        at += len(sentence) + 1
    return Report("r", text, title=title, published=published), readings


def resolve(
    words: str,
    *sentences: str,
    sentence: int = 0,
    title: str | None = None,
    published: date | None = None,
    sectors: tuple[str, ...] = (),
    others: frozenset[str] = frozenset(),
) -> list[Actor]:
    report, readings = report_of(*(sentences or (words,)), title=title, published=published)
    start = report.text.index(words, readings[sentence].sentence.start)
    argument = Argument(Span(start, start + len(words), words), 0.9, sectors)
    return ActorResolver(report, readings).resolve(argument, sentence, others)


def codes(actors: list[Actor]) -> list[str]:
    return [" ".join((actor.country, *actor.sectors)) for actor in actors]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("South Korean activists", "KOR CVL"),
        ("The Danish parliament", "DNK LEG"),
        ("Kenya", "KEN GOV"),
        ("the U.S. military", "USA MIL"),
        ("Bangkok police", "THA COP"),
        ("a Nairobi court", "KEN JUD"),
        ("a Briton", "GBR CVL"),
        ("UN election workers", "UNO"),
        ("UNHCR", "UNO"),
        ("the EU", "EUR"),
        ("NATO", "IGO"),
        ("al-Qaeda", "IMG REB"),
        ("Hamas", "PSE REB"),
        ("The militant group Hamas", "PSE REB"),
        ("Pyongyang", "PRK GOV"),
        ("the Kremlin", "RUS GOV"),
        ("Militants in Yemen", "YEM REB"),
        ("the foreign ministry of Peru", "PER GOV"),
        ("former Bolivian president Carlos Mesa", "BOL ELI"),
        ("opposition lawmakers in Ghana", "GHA LEG OPP"),
        ("Norway's Labour Party", "NOR PTY"),
    ],
)
def test_actors_describe_themselves(words: str, code: str) -> None:
    assert codes(resolve(words)) == [code]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Seoul and Washington", ["KOR GOV", "USA GOV"]),
        ("Israeli and Palestinian officials", ["ISR GOV", "PSE GOV"]),
        ("Britain, France and Germany", ["GBR GOV", "FRA GOV", "DEU GOV"]),
        ("the foreign ministers of Chile and Bolivia", ["CHL GOV", "BOL GOV"]),
        ("US-Iraqi troops", ["USA MIL", "IRQ MIL"]),
    ],
)
def test_one_stretch_of_words_can_name_several_actors(words: str, expected: list[str]) -> None:
    assert codes(resolve(words)) == expected


def test_each_of_several_actors_spans_its_own_words() -> None:
    text = "Talks between Seoul and Washington stalled."
    report, readings = report_of(text)
    start = text.index("Seoul")
    actors = ActorResolver(report, readings).resolve(
        Argument(Span(start, start + 20, text[start : start + 20]), 0.9), 0
    )
    assert [actor.text for actor in actors] == ["Seoul", "Washington"]
    assert all(text[actor.start : actor.end] == actor.text for actor in actors)


@pytest.mark.parametrize(
    "words", ["Iran-backed militias", "anti-American protesters", "non-Syrian fighters", "Ghana-based rebels"]
)
def test_a_country_that_backs_or_is_opposed_is_not_the_actors_own(words: str) -> None:
    assert codes(resolve(words, f"In Lebanon, {words} gathered in Beirut."))[0].split()[0] == "LBN"


def test_an_acronym_must_be_written_as_one() -> None:
    (actor,) = resolve("us", "They told us nothing, the Danish minister said.")
    assert actor.country != "USA"


def test_a_name_is_whom_the_report_introduced_it_as() -> None:
    sentences = ("Estonian activist Mari Tamm was detained on Monday.", "Police in Riga later released Tamm.")
    (actor,) = resolve("Tamm", *sentences, sentence=1)
    assert (actor.country, actor.sectors, actor.name) == ("EST", ("CVL",), "Mari Tamm")


def test_an_introduction_outranks_the_table_of_offices() -> None:
    sentences = ("Irish teacher Anna Putin wrote to the council.", "The council thanked Putin.")
    (actor,) = resolve("Putin", *sentences, sentence=1)
    assert (actor.country, actor.sectors) == ("IRL", ("EDU",))


def test_a_pronoun_is_the_person_before_it() -> None:
    sentences = ("Turkish Prime Minister Recep Tayyip Erdogan flew to Athens.", "He met students.")
    (actor,) = resolve("He", *sentences, sentence=1)
    assert (actor.country, actor.sectors, actor.actor_id) == ("TUR", ("GOV",), "person:recep-tayyip-erdogan")


@pytest.mark.parametrize(
    ("published", "sector"), [(date(2003, 1, 10), "GOV"), (date(2003, 12, 20), "ELI"), (None, "GOV")]
)
def test_the_office_is_the_one_held_when_the_report_was_published(published: date | None, sector: str) -> None:
    (actor,) = resolve("Saddam Hussein", "Saddam Hussein spoke.", published=published)
    assert (actor.country, actor.sectors) == ("IRQ", (sector,))


def test_a_nationality_beside_the_name_chooses_among_namesakes() -> None:
    assert codes(resolve("Jordan's King Abdullah")) == ["JOR GOV"]
    assert codes(resolve("Saudi Arabia's King Abdullah")) == ["SAU GOV"]


def test_a_role_without_country_inherits_the_only_one_in_the_sentence() -> None:
    assert codes(resolve("police", "In Ecuador, police arrested ten people.")) == ["ECU COP"]
    assert codes(resolve("Police", "Police arrested ten people.", title="Clashes in Ecuador")) == ["ECU COP"]


def test_nothing_named_anywhere_stays_unknown() -> None:
    (actor,) = resolve("gunmen", "A shop was attacked by gunmen.")
    assert (actor.country, actor.actor_id) == ("---", None)


def test_the_encoders_sectors_serve_where_the_words_say_nothing() -> None:
    assert codes(resolve("Israel", sectors=("MIL",))) == ["ISR MIL"]
    assert codes(resolve("Israeli police", sectors=("MIL",))) == ["ISR COP"]


def test_identifiers_are_the_same_in_every_report() -> None:
    first = resolve("North Korea", "North Korea fired a missile.")[0]
    second = resolve("Pyongyang", "Critics of Pyongyang met in Seoul.")[0]
    assert first.actor_id == second.actor_id == "PRK-GOV"
    assert resolve("Hezbollah")[0].actor_id == resolve("Hizbollah")[0].actor_id == "org:hezbollah"
    assert resolve("Angela Merkel")[0].actor_id == "person:angela-merkel"
    assert resolve("South Korean activists")[0].actor_id is None


@pytest.mark.parametrize(
    ("table", "least"),
    [("countries", 249), ("demonyms", 190), ("organisations", 350), ("roles", 500), ("offices", 800)],
)
def test_tables_are_complete_and_hold_only_codes_of_the_scheme(table: str, least: int) -> None:
    found = rows(table)
    assert len(found) >= least
    for row in found:
        assert row["source"], row
        assert set(row.get("sectors", "").split()) <= SECTORS, row
        assert row.get("country", "---").rstrip("?") in COUNTRIES, row
        assert row.get("from", "2000-01") <= (row.get("to") or "9999"), row


NEWS = st.one_of(
    st.sampled_from(["Iran", "Iraqi", "the", "President", "Bush", "Hamas", "U.S.", "UN", "Kim", "Jong", "Un", "North"]),
    st.sampled_from(["police", "said", "rebels", "he", "army", "Korean", "İstanbul", "é", "it's", "’s", "'s", "'"]),
    st.sampled_from(["and", "of", "in", ",", "-", "a", "former", "non-"]),
)
TEXT = st.one_of(st.text(max_size=60), st.lists(NEWS, max_size=14).map(" ".join))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(TEXT, TEXT, st.data())
def test_any_text_gives_actors_that_slice_back_to_their_words(first: str, second: str, data: st.DataObject) -> None:
    report, readings = report_of(first, second, title=data.draw(TEXT))
    sentence = data.draw(st.integers(0, 1))
    span = readings[sentence].sentence
    start = data.draw(st.integers(span.start, span.end))
    end = data.draw(st.integers(start, span.end))
    argument = Argument(Span(start, end, report.text[start:end]), 0.5)
    actors = ActorResolver(report, readings).resolve(argument, sentence)
    assert actors == ActorResolver(report, readings).resolve(argument, sentence)
    assert bool(actors) == any(letter.isalnum() for letter in argument.span.text)
    for actor in actors:
        assert report.text[actor.start : actor.end] == actor.text
        assert actor.country in COUNTRIES
        assert set(actor.sectors) <= SECTORS


def speaker_of(words: str, *sentences: str, speaker: str, sentence: int = 0) -> list[Actor]:
    report, readings = report_of(*sentences)
    resolver = ActorResolver(report, readings)

    def argument(told: str) -> Argument:
        start = report.text.index(told, readings[sentence].sentence.start)
        return Argument(Span(start, start + len(told), told), 0.9)

    return resolver.resolve(argument(words), sentence, resolver.resolve(argument(speaker), sentence))


def test_we_stands_for_the_claimant_and_ours_inherits_his_country() -> None:
    text = '"We will send our troops to Chad," the Kenyan defence minister said after talks with Uganda.'
    (actor,) = speaker_of("We", text, speaker="the Kenyan defence minister")
    assert (actor.country, actor.sectors) == ("KEN", ("GOV",))
    assert codes(speaker_of("our troops", text, speaker="the Kenyan defence minister")) == ["KEN MIL"]


def test_we_in_a_statement_is_its_author_and_in_a_quotation_the_person_told_of_beside_it() -> None:
    title = "Statement by Norway's foreign minister on the coup in Mali"
    sentences = ("The coup in Bamako is a setback.", "We condemn it.", '"We shall leave," Amadou Toure of Mali said.')
    assert codes(resolve("We", *sentences, sentence=1, title=title)) == ["NOR GOV"]
    assert codes(resolve("We", *sentences, sentence=2, title=title))[0].split()[0] == "MLI"


@pytest.mark.parametrize(
    ("words", "sentence", "expected"),
    [
        (
            "the two countries",
            "Peru and Chile quarrelled until the two countries met in Brazil.",
            ["PER GOV", "CHL GOV"],
        ),
        ("Both sides", "Peru attacked Chile. Both sides lost ships.", ["PER GOV", "CHL GOV"]),
    ],
)
def test_two_countries_are_those_told_of_last(words: str, sentence: str, expected: list[str]) -> None:
    assert codes(resolve(words, sentence)) == expected


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("up to 300 Kenyan people", "KEN CVL"),
        ("a small group of Danish lawmakers", "DNK LEG"),
        ("members of the Islamic State", "IMG REB"),
    ],
)
def test_the_head_of_what_is_counted_is_the_actor(words: str, code: str) -> None:
    assert codes(resolve(words)) == [code]


@pytest.mark.parametrize("words", ["In Sub", "Sean Blair", "May", "Christopher Ghika"])
def test_an_office_holder_is_not_seen_in_every_capital(words: str) -> None:
    (actor,) = resolve(words)
    assert actor.country == "---"


@pytest.mark.parametrize(
    ("words", "code"), [("Vladimir V. Putin", "RUS GOV"), ("Mrs May", "GBR GOV"), ("Prime Minister Blair", "GBR GOV")]
)
def test_initials_and_titles_do_not_hide_an_office_holder(words: str, code: str) -> None:
    published = date(2017, 5, 1) if "May" in words else date(2005, 5, 1)
    assert codes(resolve(words, published=published)) == [code]


def test_an_apposition_introduces_a_name() -> None:
    sentences = ("Anna Rojkan, 22, a teacher from Bulgaria, was held in Turkey.", "Rojkan was freed by Turkish police.")
    assert codes(resolve("Rojkan", *sentences, sentence=1)) == ["BGR EDU"]


def test_who_belongs_to_an_armed_group_is_coded_as_the_group() -> None:
    assert codes(resolve("Isis fighters")) == codes(resolve("Isis")) == ["IMG REB"]


def test_the_us_does_not_speak_for_the_claimant() -> None:
    text = "The US has bombed a convoy, the Chadian defence minister said."
    assert codes(speaker_of("The US", text, speaker="the Chadian defence minister")) == ["USA GOV"]


@pytest.mark.parametrize(
    ("words", "country"),
    [
        ("Foreign Minister Klaus Brandt", "---"),
        ("Judge David Arnold", "---"),
        ("Prime Minister Blair", "GBR"),
        ("An elderly farmer", "---"),
    ],
)
def test_a_first_name_of_another_is_no_office_holder(words: str, country: str) -> None:
    assert resolve(words)[0].country == country


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Latin American governments", "--- GOV"),
        ("Southeast Asian foreign ministers", "--- GOV"),
        ("the Ministry of Foreign Affairs of Peru", "PER GOV"),
        ("Cuban-American voters", "USA CVL"),
        ("foreign banks", "MNC BUS"),
        ("Swiss multinational companies", "CHE BUS"),
        ("human rights groups", "NGO"),
        ("UN aid workers", "UNO"),
        ("Danish aid workers", "DNK CVL"),
        ("U.S. Trade Representative Robert Zoellick", "USA GOV"),
        ("Osama bin Laden", "IMG REB"),
        ("UNDOF", "UNO MIL"),
        ("the Islamic State", "IMG REB"),
    ],
)
def test_regions_kinds_of_bodies_and_office_holders(words: str, code: str) -> None:
    assert codes(resolve(words)) == [code]


def test_a_country_told_only_by_its_region_is_one_of_those_told_of() -> None:
    sentence = "Ecuador will host the summit after the South American country asked for it."
    assert codes(resolve("the South American country", sentence)) == ["ECU GOV"]


def test_rebels_are_seldom_of_the_country_whose_soldiers_they_fight() -> None:
    assert codes(resolve("Insurgents", "Insurgents killed two Italian soldiers near Baghdad.")) == ["IRQ REB"]


def test_the_heaviest_evidence_decides_what_is_inherited() -> None:
    weights = {row["evidence"]: float(row["weight"]) for row in rows("inheritance")}
    report, readings = report_of("Peru closed its border with Chile.", "In Lima, police held ten Chileans.")
    resolver = ActorResolver(report, readings)
    query = Query("COP", ("COP",), 1, 9, frozenset(), "", "", "police")
    evidence = resolver.told.evidence(query)
    assert set(evidence) == {"---", "PER", "CHL"}
    heaviest = max(evidence, key=lambda country: sum(weights.get(name, 0.0) for name in evidence[country]))
    assert resolver.told.inherit(query) == heaviest == "PER"
