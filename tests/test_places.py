"""Places are found inside phrases and told apart by what the report says."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.coding.places import PlaceResolver
from legation.gazetteer import fold, gazetteer, toponyms
from legation.schema import Argument, Name, Reading, Report, Span, Where
from legation.tables import rows


def where(text: str, phrase: str, title: str | None = None, readings: tuple[Reading, ...] = ()) -> Where:
    """The place of a phrase in a report of one sentence."""
    at = text.index(phrase)
    argument = Argument(Span(at, at + len(phrase), phrase), 1.0)
    resolver = PlaceResolver(Report("r", text, title=title), readings)
    found = resolver.resolve(argument, Span(0, len(text), text))
    assert found is not None
    assert text[found.span.start : found.span.end] == found.span.text == phrase
    return found


@pytest.mark.parametrize(
    ("phrase", "name", "country"),
    [
        ("a Baghdad mosque", "Baghdad", "IRQ"),
        ("the northern city of Mosul", "Mosul", "IRQ"),
        ("Mosul, Iraq", "Mosul", "IRQ"),
        ("Kabul's airport", "Kabul", "AFG"),
        ("the Iraqi city of Fallujah", "Al Fallūjah", "IRQ"),
        ("the Baghdad slum of Sadr City", "Sadr City", "IRQ"),
        ("Khan Yunis refugee camp in the southern Gaza Strip", "Khan Younis refugee camp", "PSE"),
        ("the Saudi Red Sea city of Jeddah", "Jeddah", "SAU"),
        ("the Golan Heights", "Golan Heights", "SYR"),
        ("Sudan's troubled Darfur region", "Darfur", "SDN"),
        ("Helmand province", "Helmand", "AFG"),
        ("northern Iraq", "northern Iraq", "IRQ"),
        ("the White House", "White House", "USA"),
        ("Guantanamo Bay", "Guantanamo Bay", "CUB"),
        ("the Sudanese capital", "Khartoum", "SDN"),
        ("Sterling Heights, Michigan", "Sterling Heights", "USA"),
        ("an American base in Germany", "Germany", "DEU"),
        ("the U.S.", "United States", "USA"),
        ("the Strait of Hormuz", "Strait of Hormuz", None),
        ("Islamabad", "Islamabad", "PAK"),  # an old name of Chattogram too, which is larger
    ],
)
def test_toponym_inside_a_phrase(phrase: str, name: str, country: str | None) -> None:
    found = where(f"The two sides clashed again at dawn in {phrase} after a lull of several days.", phrase)
    assert (found.name, found.country) == (name, country)
    assert found.lat is not None and found.lon is not None


def test_a_city_has_its_division_point_and_identifier() -> None:
    found = where("Protesters filled the centre of Mosul on Friday.", "Mosul")
    assert found.place_id == "geonames:99072"
    assert found.lat == pytest.approx(36.34, abs=0.1) and found.lon == pytest.approx(43.12, abs=0.1)


def test_a_country_is_identified_by_its_code() -> None:
    found = where("The envoy will travel to Ivory Coast next week.", "Ivory Coast")
    assert (found.name, found.country, found.place_id) == ("Ivory Coast", "CIV", "CIV")


def test_a_namesake_is_chosen_by_what_follows_it_and_by_the_rest_of_the_report() -> None:
    assert where("Police in Paris, Texas, arrested two men.", "Paris").admin1 == "Texas"
    assert where("Police in Paris arrested two men.", "Paris").country == "FRA"
    text = "GLASGOW, Ky. (AP) - A fire broke out on Monday. The mayor of Glasgow spoke at noon."
    assert where(text, "Glasgow spoke"[:7]).admin1 == "Kentucky"
    syrian = (
        "Syrian troops shelled Tripoli. Syria and Lebanon blamed each other, and Beirut recalled its envoy to Syria."
    )
    assert where(syrian, "Tripoli").country == "LBN"


def test_a_phrase_without_a_toponym_gets_the_one_country_in_focus_and_no_point() -> None:
    text = (
        "A bomb went off at a hotel in Kabul. Afghan police said the same site was hit in May, and Afghanistan mourned."
    )
    found = where(text, "the same site")
    assert (found.country, found.lat, found.place_id, found.name) == ("AFG", None, None, "the same site")


def test_no_country_is_guessed_where_a_report_has_none_in_focus() -> None:
    assert where("Gunmen seized a hotel and fled before dawn.", "a hotel").country is None
    split = "Ministers of France, Japan, Kenya and Peru met at a hotel."
    assert where(split, "a hotel").country is None


def test_the_nationality_of_an_embassy_is_not_its_place() -> None:
    text = "The bomb in Jakarta went off outside the Australian embassy, Indonesian police said."
    assert where(text, "the Australian embassy").country == "IDN"


def test_a_person_is_no_place() -> None:
    text = "Troops searched the villa of Paris Jackson in Kenya."
    person = Name(text.index("Paris"), text.index("Paris") + len("Paris Jackson"), "Paris Jackson", "PER")
    reading = Reading(Span(0, len(text), text), names=(person,))
    assert where(text, "the villa of Paris Jackson", readings=(reading,)).country == "KEN"


def test_words_without_a_letter_are_no_place() -> None:
    text = "He said: --"
    assert PlaceResolver(Report("r", text)).resolve(Argument(Span(9, 11, "--"), 1.0), Span(0, 11, text)) is None


def test_common_words_are_no_towns() -> None:
    text = "Police said on Friday that March sales rose. Of the Congress members none spoke. The President waited."
    assert toponyms(text, 0, len(text)) == []
    nice = "The summit opens in Nice on Monday."
    assert [nice[t.start : t.end] for t in toponyms(nice, 0, len(nice))] == ["Nice"]


def test_every_region_is_reachable_by_each_of_its_names_and_lies_on_earth() -> None:
    assert len(rows("regions")) >= 500
    iso3 = {row["iso3"] for row in rows("countries")}
    for row in rows("regions"):
        assert row["country"] in iso3 | {""}, row
        assert -90 <= float(row["lat"]) <= 90 and -180 <= float(row["lon"]) <= 180, row
        for name in (row["name"], *filter(None, row["aliases"].split("|"))):
            assert gazetteer().named(fold(name)), name


def test_every_abbreviated_state_is_known() -> None:
    for row in rows("state_abbreviations"):
        assert gazetteer().divisions(fold(row["state"])), row["state"]
    assert where("ATLANTA, Ga. (AP) - Jurors in Atlanta heard the case.", "Atlanta").admin1 == "Georgia"


def test_countries_have_points() -> None:
    missing = [row["iso3"] for row in rows("countries") if not gazetteer().named(fold(row["name"]))[0].lat]
    assert set(missing) <= {"ANT", "SCG"}, "dissolved countries have none"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_toponyms_slice_back_to_names_of_the_gazetteer(text: str) -> None:
    found = toponyms(text, 0, len(text))
    assert all(0 <= t.start < t.end <= len(text) and t.places for t in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            ["Paris", "Iraqi", "U.S.", "the", "city", "of", "Gaza", ",", "-", "Strip", "N.Y.", "March", "İ"]
        )
    ),
    st.data(),
)
def test_any_stretch_resolves_the_same_way_twice(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    argument, sentence = Argument(Span(start, end, text[start:end]), 1.0), Span(0, len(text), text)
    first, second = (PlaceResolver(Report("r", text, title=text)).resolve(argument, sentence) for _ in range(2))
    assert first == second
    assert first is None or (first.lat is None) == (first.lon is None)


def test_a_state_is_told_from_the_country_of_its_name() -> None:
    american = (
        "The mayors of Atlanta and Savannah met on Monday, and voters across Georgia, Alabama and Florida waited."
    )
    found = where(american, "Georgia")
    assert (found.country, found.admin1, found.place_id) == ("USA", "Georgia", "geonames:4197000")
    assert where("Russia and Georgia traded fire near Tbilisi, and Moscow denied it.", "Georgia").country == "GEO"
    assert where("Police in Athens, Georgia, arrested two men.", "Athens, Georgia").admin1 == "Georgia"


@pytest.mark.parametrize(
    ("phrase", "country"),
    [("Zhejiang", "CHN"), ("Jiangsu province", "CHN"), ("Rapides Parish", "USA"), ("Kent", "GBR")],
)
def test_divisions_go_by_their_english_names_and_have_identifiers(phrase: str, country: str) -> None:
    found = where(f"Rescuers reached the flooded villages of {phrase} on Sunday.", phrase)
    assert found.country == country and found.lat is not None
    assert found.place_id is not None and found.place_id.startswith("geonames:")


def test_the_possible_places_of_other_names_tell_where_an_ambiguous_one_lies() -> None:
    text = "Fires near Bonham and Honey Grove spread. Crews from Paris and Sulphur Springs came to help."
    assert where(text, "Paris").admin1 == "Texas"
