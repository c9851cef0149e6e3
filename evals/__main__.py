"""`python -m evals --shared ../shared`: measure, write evals/results.json, print the README's table."""

import argparse
import json
from pathlib import Path
from typing import Any

from evals import accuracy, merging, speed
from evals.floors import raised
from evals.report import table

RESULTS = Path(__file__).parent / "results.json"
STORIES = "data/merge/same_story_dev.jsonl"
FLOORS = Path(__file__).parent / "floors.json"


def main() -> None:
    """Measure accuracy (or with --speed, speed), keep it in results.json, raise the floors and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder that holds gold/ and data/")
    parser.add_argument("--speed", action="store_true", help="measure speed instead of accuracy")
    arguments = parser.parse_args()
    results = read(RESULTS)
    if arguments.speed:
        results["speed"] = speed.measure()
    else:
        missing = [path for path in (*accuracy.SETS.values(), STORIES) if not (arguments.shared / path).exists()]
        if missing:
            parser.error(f"{arguments.shared} has no {missing[0]}: the development sets are not part of the project")
        results["accuracy"] = accuracy.measure(arguments.shared) | {"samples": accuracy.measure_samples()}
        results["merging"] = {"stories": merging.same_stories(arguments.shared / STORIES), "samples": merging.fates()}
        results["trust"] = accuracy.measure_trust(arguments.shared)
        results["weights"] = accuracy.weights_version()
        write(FLOORS, raised(read(FLOORS), results))
    write(RESULTS, results)
    print(table(results))


def read(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is no such file yet."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return content


def write(path: Path, content: dict[str, Any]) -> None:
    """The object as JSON that a person can read and git can compare."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
