"""Dyad forecasts: the past alone, better than plain rates, calibrated, kept and scored; and the commands."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from legation.cli.forecasting import forecast
from legation.forecast import fitted, record, scores, world
from legation.forecast.archive import ForecastError, read_store
from legation.forecast.backtest import backtest
from legation.forecast.dyads import HORIZONS, Model, Panel, alive, counts_within, level, seen, series_of
from legation.schema import EVENTS, Event, Party, Telling
from legation.store import Store, to_row

FIRST = date(2014, 1, 1)


def made_up(days=420, actors=12, seed=3):
    """Pairs whose rates differ and come in bursts."""
    chance = np.random.default_rng(seed)
    rows = []
    for source in range(actors):
        for target in range(actors):
            if source == target:
                continue
            rate, hot = 0.15 * chance.random() ** 4, 1.0
            for day in range(days):
                hot = hot if chance.random() > 0.03 else float(chance.choice([0.1, 5.0]))
                rows += [(source, target, int(chance.integers(1, 5)), day)] * chance.poisson(rate * hot)
    source, target, quad, day = np.array(rows).T
    return Panel.of(source, target, quad, day, actors, np.where(quad < 3, 3.0, -4.0))


PANEL = made_up()


# What the past says. ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", HORIZONS)
def test_a_poisoned_future_changes_no_chance(horizon):
    origin = 330
    late = PANEL.day >= origin
    poisoned = replace(PANEL, source=np.where(late, 0, PANEL.source), quad=np.where(late, 4, PANEL.quad))
    series = alive(PANEL, origin)
    assert list(alive(poisoned, origin)) == list(series)
    ours, theirs = (Model(panel, origin, (horizon,)) for panel in (PANEL, poisoned))
    np.testing.assert_array_equal(ours.chances(series, horizon), theirs.chances(series, horizon))
    np.testing.assert_array_equal(ours.counts(series, horizon)[0], theirs.counts(series, horizon)[0])


def test_a_series_asked_alone_gets_the_chance_it_gets_among_others():
    model, series = Model(PANEL, 330, (7,)), alive(PANEL, 330)
    together = model.chances(series, 7)
    assert all(
        model.chances(series[i : i + 1], 7)[0] == pytest.approx(together[i], rel=1e-12)
        for i in range(0, len(series), 37)
    )


def test_counts_and_rates_are_those_of_the_events():
    panel = Panel.of([0, 0, 1], [1, 1, 0], [4, 4, 1], [3, 9, 5], 2)
    series = series_of([0, 1, 0], [1, 0, 1], [4, 1, 2], 2)
    assert list(counts_within(panel, series, 3, 6)) == [1, 1, 0]
    assert list(counts_within(panel, series, 3, 7)) == [2, 1, 0]
    told = seen(panel, series, 10)
    assert told.own[0] == pytest.approx(np.exp(-6 / 180) + 1)
    assert told.own[2] == 0 and 0 < told.rate(30.0)[2] < told.rate(30.0)[0]


def test_a_pair_of_few_events_borrows_from_its_likes():
    busy = [(0, other, 4, day) for other in (2, 3) for day in range(100)]
    quiet = [(1, other, 4, day) for other in (2, 3) for day in (10, 60)]
    source, target, quad, day = np.array([*busy, *quiet, (0, 4, 4, 50), (1, 4, 4, 50)]).T
    told = seen(Panel.of(source, target, quad, day, 5), series_of([0, 1], [4, 4], [4, 4], 5), 100)
    assert told.own[0] == told.own[1]
    assert told.rate(30.0)[0] > 1.5 * told.rate(30.0)[1]


def test_chances_grow_with_the_window_where_only_the_rate_speaks():
    panel = Panel.of([0, 1], [1, 0], [1, 1], [0, 4], 2)
    model = Model(panel, 6)
    assert not any(model.windows.values())
    chances = [float(model.chances(series_of([0], [1], [1], 2), horizon)[0]) for horizon in HORIZONS]
    assert (np.diff([0.0, *chances, 1.0]) > 0).all()


def test_intervals_of_counts_hold_most_outcomes():
    origin, horizon = 330, 30
    model, series = Model(PANEL, origin, (horizon,)), alive(PANEL, origin)
    expected, low, high = model.counts(series, horizon)
    came = counts_within(PANEL, series, origin, horizon)
    assert ((low <= came) & (came <= high)).mean() >= 0.8
    assert expected.sum() == pytest.approx(came.sum(), rel=0.35)


def test_level_is_shrunk_and_its_band_narrows_with_what_is_known():
    panel = Panel.of([0] * 40 + [1], [1] * 40 + [2], [4] * 40 + [4], [*range(40), 20], 3, [-4.0] * 40 + [-10.0])
    known, new = level(panel, 0, 1, 40, 5), level(panel, 1, 2, 40, 5)
    assert known.mean == pytest.approx(-4, abs=0.3) and -10 < new.mean < -4
    assert known.high - known.low < new.high - new.low
    assert level(replace(panel, goldstein=np.full(41, np.nan)), 0, 1, 40, 5) is None


# Scores. ----------------------------------------------------------------------------------------------------------


def test_scores_are_those_of_the_definitions():
    chance, came = np.array([0.8, 0.3, 0.0]), np.array([True, False, False])
    told = scores.score(chance, came, {"half": np.full(3, 0.5)})
    assert told.brier == pytest.approx((0.04 + 0.09) / 3)
    assert told.brier_skill["half"] == pytest.approx(100 * (1 - told.brier / 0.25))
    assert told.log == pytest.approx(-(np.log(0.8) + np.log(0.7)) / 3, abs=1e-3)
    assert told.calibration_error == pytest.approx((0.2 + 0.3) / 3)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_every_forecast_is_in_one_bin(rows):
    chance, came = np.array([c for c, _ in rows]), np.array([b for _, b in rows])
    table = scores.reliability(chance, came)
    assert sum(one.forecasts for one in table) == len(rows)
    assert all(one.low <= one.mean <= one.high for one in table)
    assert scores.plot({"7 days": table}).count("<circle") == len(table)


def test_backtest_beats_the_references_and_is_calibrated():
    found = backtest(PANEL)
    assert set(found.scores) == set(HORIZONS)
    for horizon in (7, 30):
        told = found.scores[horizon]
        assert min(told.brier_skill.values()) > 0 and told.calibration_error < 0.05
        assert all(0 < origin <= 420 - horizon for origin in found.origins[horizon])


def test_a_backtest_of_a_few_days_is_refused():
    with pytest.raises(ForecastError, match="too few"):
        backtest(Panel.of([0, 1], [1, 0], [1, 1], [0, 4], 2))


# A store. ---------------------------------------------------------------------------------------------------------


def event(number, source, target, quad, day, status="actual", tellings=()):
    deed = {1: "CONSULT", 2: "AID", 3: "THREATEN", 4: "ASSAULT"}[quad]
    sides = [(Party(f"Government of {country}", country, ("GOV",), None),) for country in (source, target)]
    return Event(f"e{number:06}", deed, (), status, deed, None, quad, 2.0 if quad < 3 else -6.0, (), *sides, day, day,
                 "day", "stated", None, (), None, None, 0.9, tellings, 1, 1, day, day, (), "reports")  # fmt: skip


def write(store, events):
    rows = [to_row(one) for one in events]
    store.write_events({"all": {"events": pa.Table.from_pylist(rows, schema=EVENTS)}})


@pytest.fixture(scope="module")
def events():
    names = ("PRK", "USA", "RUS", "CHN", "JPN", "KOR", "IRN", "FRA", "GBR", "DEU", "IND", "BRA")
    rows = zip(PANEL.source, PANEL.target, PANEL.quad, PANEL.day, strict=True)
    return [event(i, names[s], names[t], int(q), FIRST + timedelta(int(d))) for i, (s, t, q, d) in enumerate(rows)]


@pytest.fixture(scope="module")
def store(events, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("forecasts") / "store")
    write(store, events)
    return store


def run(*words):
    return CliRunner().invoke(forecast, [str(word) for word in words])


def lines(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_dyad_forecasts_name_every_horizon_and_what_they_rest_on(store):
    result = run("dyad", "--store", store.path, "--dyad", "PRK", "USA", "--day", "2014-12-01", "--json")
    *found, level = lines(result)
    assert {(one["days"], one["quad"]) for one in found} == {(days, quad) for days in HORIZONS for quad in (1, 2, 3, 4)}
    assert all(0 < one["probability"] < 1 and one["low"] <= one["high"] for one in found)
    assert level["goldstein"]["low"] <= level["goldstein"]["mean"] <= level["goldstein"]["high"]
    assert "events of this pair" in result.stderr


def test_an_actor_alone_is_forecast_towards_anyone(store):
    pair = lines(run("dyad", "--store", store.path, "--dyad", "PRK", "USA", "--day", "2014-12-01", "--json"))
    alone = lines(run("dyad", "--store", store.path, "--actor", "PRK", "--day", "2014-12-01", "--json"))
    assert sum(one["events"] for one in alone[:4]) > sum(one["events"] for one in pair[:4])


def test_a_side_may_be_named_more_closely(store):
    told = world.read_world(store, ("PRK GOV", "USA"))
    assert "PRK GOV" in told.sides and "PRK" not in told.sides


def test_store_forecasts_end_the_day_before(store, events, tmp_path):
    cut = Store(tmp_path / "cut")
    write(cut, [one for one in events if one.start < date(2014, 12, 1)])
    words = ("--dyad", "PRK", "USA", "--day", "2014-12-01", "--json")
    assert lines(run("dyad", "--store", store.path, *words)) == lines(run("dyad", "--store", cut.path, *words))
    assert read_store(store, date(2014, 12, 1)).facts.tolist() == read_store(cut).facts.tolist()


def test_links_of_a_store(store):
    result = run("links", "--store", store.path, "--source", "PRK", "--day", "2014-12-01", "--limit", 5, "--json")
    found = lines(result)
    assert len(found) == 5 and {one["day"] for one in found} == {"2014-12-01"}
    assert all("(PRK GOV)" in one["source"] and one["past"][0]["day"] < "2014-12-01" for one in found)
    assert "rests on" in result.stderr
    shown = run("links", "--store", store.path, "--source", "PRK", "--day", "2014-12-01", "--limit", 5)
    assert shown.stdout.count("→") == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("links", "--source", "PRK", "--day", "2013-01-01"), "no event with a source, a target and a day before"),
        (("links", "--source", "XYZ", "--day", "2014-12-01"), "no actor 'XYZ'"),
        (("links", "--source", "PRK", "--deed", "ADORE", "--day", "2014-12-01"), "known: AID"),
        (("dyad", "--dyad", "PRK", "XYZ"), "knows no event of 'XYZ'"),
        (("dyad", "--dyad", "PRK", "USA", "--day", "2013-01-01"), "not after the first event"),
        (("dyad", "--dyad", "PRK", "USA", "--deed", "ADORE"), "neither a quad class"),
        (("dyad", "--dyad", "PRK", "USA", "--day", "2014-12-01", "--record"), "its window has begun"),
    ],
)
def test_what_cannot_be_forecast_is_refused_with_a_reason(store, words, message):
    result = run(words[0], "--store", store.path, *words[1:])
    assert result.exit_code == 1 and message in result.stderr


@pytest.mark.parametrize("words", [("links", "--source", "PRK", "--day", "2014-12-01"), ("dyad", "--dyad", "A", "B"),
                                   ("backtest",)])  # fmt: skip
def test_an_empty_store_is_refused(tmp_path, words):
    result = run(words[0], "--store", tmp_path, *words[1:])
    assert result.exit_code == 1 and "holds no event" in result.stderr


def test_a_day_long_after_the_last_event_says_so(store):
    result = run("dyad", "--store", store.path, "--dyad", "PRK", "USA", "--day", "2016-12-01", "--json")
    assert lines(result) and "without any event" in result.stderr


def test_backtest_prints_scores_and_draws_them(store, tmp_path):
    result = run("backtest", "--store", store.path, "--plot", tmp_path / "r.svg")
    assert result.exit_code == 0, result.output
    for words in ("7 days", "Brier", "skill against dyad's rate", "expected calibration error"):
        assert words in result.stdout
    assert (tmp_path / "r.svg").read_text().startswith("<svg")


LINKS = ("--source", "PRK", "--day", "2014-12-01", "--limit", 5, "--json")


def test_what_links_rest_on_is_learned_once(store, monkeypatch):
    first = lines(run("links", "--store", store.path, *LINKS))
    monkeypatch.setattr(fitted, "learned", None)
    assert lines(run("links", "--store", store.path, *LINKS)) == first
    assert record.issued(store) == []


def test_other_events_are_learned_from_anew_and_few_forecasters_are_kept(events, tmp_path):
    cut = Store(tmp_path / "store")
    for count in (60, 70, 80, 90):
        write(cut, events[:count])
        assert run("links", "--store", cut.path, *LINKS).exit_code == 0
    kept = list((cut.path / "forecasts").iterdir())
    assert len(kept) == fitted.KEPT and all(path.suffix == ".npz" for path in kept)


def test_a_broken_forecaster_is_named(events, tmp_path):
    cut = Store(tmp_path / "store")
    write(cut, events[:60])
    run("links", "--store", cut.path, *LINKS)
    (path,) = (cut.path / "forecasts").iterdir()
    path.write_bytes(path.read_bytes()[:100])
    result = run("links", "--store", cut.path, *LINKS)
    assert result.exit_code == 1 and f"{path.name} is no forecaster" in result.stderr


def test_what_was_recorded_is_scored_once_its_window_has_passed(store, events, tmp_path):
    cut = Store(tmp_path / "store")
    write(cut, [one for one in events if one.start < date(2014, 12, 1)])
    told = world.outlooks(world.read_world(cut, ("PRK", "USA")), "PRK", "USA", date(2014, 12, 1))
    assert record.record(cut, told, date(2014, 11, 30)) == 16
    assert record.record(cut, told, date(2014, 11, 30)) == 0
    assert record.scorecard(cut).open == 16
    write(cut, events)
    found = record.scorecard(cut)
    assert (len(found.closed), found.open) == (12, 4)  # 420 days end on 2015-02-24, before the 90 days
    for one, came in found.closed:
        days = [
            e.start for e in events if (e.sources[0].country, e.targets[0].country, e.quad) == ("PRK", "USA", one.quad)
        ]
        assert came == any(one.day <= day < one.closes for day in days)
    result = run("scorecard", "--store", cut.path)
    assert result.exit_code == 0 and "12 recorded forecasts scored, 4 still open" in result.stderr


def test_a_broken_record_is_named(tmp_path):
    store = Store(tmp_path / "store")
    write(store, [event(0, "PRK", "USA", 1, FIRST)])
    (store.path / "forecasts").mkdir()
    (store.path / "forecasts" / "x.json").write_text("{}")
    with pytest.raises(ForecastError, match=r"x\.json is no recorded forecast"):
        record.issued(store)


def test_planned_acts_are_as_likely_as_their_likes_were_kept(tmp_path):
    def plan(number, said, due, done):
        def telling(status, published, day):
            return Telling(f"m{number}{status}", f"r{number}{status}", "p", published, None, status, day, day, ())

        tellings = (telling("future", said, due),) + ((telling("actual", done, done),) if done else ())
        return event(number, "PRK", "USA", 1, due, "actual" if done else "future", tellings)

    days = [FIRST + timedelta(i) for i in range(60)]
    store = Store(tmp_path / "store")
    write(store, [*(plan(i, days[i], days[i + 3], days[i + 3] if i % 4 else None) for i in range(20)),
                  plan(40, days[38], days[45], days[45]), plan(41, days[44], days[50], None)])  # fmt: skip
    found = world.planned(store, days[40])
    assert [one.event_id for one in found] == ["e000040"]
    assert found[0].plans == 20 and 0.6 < found[0].probability < 0.8
