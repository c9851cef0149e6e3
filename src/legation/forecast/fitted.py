"""Forecasters kept in a store, so that a question about a past that was learned from already is answered at once.

    DIR/forecasts/KEY.npz    what one learned; KEY is a digest of the events it knows and of the code that learned

Another event, or other code, is another key. The KEPT last used ones stay.
"""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from legation.files import draft_of
from legation.forecast.activity import Activity
from legation.forecast.archive import Archive, ForecastError
from legation.forecast.history import History
from legation.forecast.likes import Likes
from legation.forecast.links import Forecaster, Say, learned
from legation.forecast.network import Weights
from legation.forecast.ranker import Ranker
from legation.forecast.state import LOG, State
from legation.forecast.tallies import Tallies
from legation.store import Store

KEPT = 3


def forecaster_of(store: Store, archive: Archive, day: int, say: Say = lambda _: None) -> Forecaster:
    """The forecaster of a day, learned anew only where the store keeps none of this past.

    Raises ForecastError where a kept file is broken.
    """
    path = store.folder("forecasts") / f"{_key(archive, day)}.npz"
    if path.exists():
        os.utime(path)
        return _read(path, archive, day)
    made = learned(archive, day, say=say)
    draft = draft_of(path)
    try:
        with draft.open("wb") as file:
            np.savez(file, **_arrays(made))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    for old in sorted(path.parent.glob("[!.]*.npz"), key=lambda one: one.stat().st_mtime_ns)[:-KEPT]:
        old.unlink(missing_ok=True)
    return made


def _key(archive: Archive, day: int) -> str:
    told = hashlib.sha256(np.ascontiguousarray(archive.before(day)).tobytes())
    for words in (archive.actors, archive.deeds):
        told.update("\n".join(words).encode())
    for column in (archive.places, archive.sectors, archive.roots, archive.is_place):
        told.update(np.ascontiguousarray(column).tobytes())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        told.update(source.read_bytes())
    return told.hexdigest()[:16]


def _arrays(made: Forecaster) -> dict[str, Any]:
    """What it learned, by name. What the archive tells again is left out."""
    history, known = made.history, made.history.known
    assert history.likes is not None
    found: dict[str, Any] = {
        f"state.{name}": value[:known] if name in LOG else value
        for name, value in history.state._asdict().items()
        if name != "tallies"
    }
    for part, values in (
        ("tallies", history.state.tallies), ("likes", history.likes), ("weights", history.network.weights),
    ):  # fmt: skip
        found |= {f"{part}.{name}": value for name, value in values._asdict().items()}
    trees = [tree.model_to_string() for tree in made.ranker.trees]
    return found | {
        "history": np.array([history.known, history.keys, history.day, history.liked]),
        "activity": made.activity.weights, "sureness": np.array(made.sureness), "basis": np.array(made.basis),
        "trees": np.array(trees, str), "tree weights": np.array(made.ranker.weights),
        "rounds": np.array(made.ranker.rounds),
    }  # fmt: skip


def _read(path: Path, archive: Archive, day: int) -> Forecaster:
    try:
        with np.load(path, allow_pickle=False) as told:
            found = dict(told)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ForecastError(f"{path} is no forecaster ({error}); remove it, and it is made anew") from error

    def part(kind: Any, name: str, **more: Any) -> Any:
        own = {key.removeprefix(f"{name}."): value for key, value in found.items() if key.startswith(f"{name}.")}
        return kind(**own, **more)

    history = History(archive)
    history.known, history.keys, history.day, history.liked = map(int, found["history"])
    history.state = part(State, "state", tallies=part(Tallies, "tallies"))
    history.likes = part(Likes, "likes")
    history.network.set_weights(part(Weights, "weights"))
    activity = Activity()
    activity.weights = found["activity"]
    trees = tuple(lgb.Booster(model_str=str(text)) for text in found["trees"])
    weights = tuple(map(float, found["tree weights"]))
    slope, level = map(float, found["sureness"])
    ranker = Ranker(trees, weights, int(found["rounds"]))
    return Forecaster(archive, day, history, activity, ranker, (slope, level), str(found["basis"]))
