"""Link forecasts keep to the protocol: the past alone, one question at a time, ties shared, other answers taken out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.cli.forecasting import forecast
from legation.forecast import network, ranker, tallies
from legation.forecast.archive import Archive, ForecastError, read_quadruples, roots
from legation.forecast.features import FEATURES
from legation.forecast.history import History
from legation.forecast.links import evaluate, learned
from legation.forecast.protocol import quality, ranks
from legation.forecast.ranker import ask, questions

DEEDS = ("Make a visit", "Host a visit", "Consult", "Criticize or denounce", "Threaten", "fight with small arms")
PLACES = ("Nigeria", "Kenya", "Japan")


def made_up(days=40, actors=24, a_day=14, seed=1):
    """An archive in which partners and deeds recur, as they do in the world."""
    chance = np.random.default_rng(seed)
    rows = []
    for day in range(days):
        for _ in range(a_day):
            source = int(actors * chance.random() ** 2)
            rows.append([source, int(chance.integers(6)), (source + int(chance.integers(1, 5))) % actors, day])
    facts = np.unique(np.array(rows)[:, [3, 0, 1, 2]], axis=0)[:, [1, 2, 3, 0]].astype(np.int32)
    place, kind = np.arange(actors, dtype=np.int32) % 4, np.arange(actors, dtype=np.int32) % 3
    names = tuple(f"actor {i}" for i in range(actors))
    return Archive(names, DEEDS, np.ascontiguousarray(facts), place, kind, roots(DEEDS), kind == 0)


def history_before(archive, day):
    history = History(archive)
    for earlier in range(day):
        history.add(archive.of(earlier))
    return history


ARCHIVE = made_up()


# Nothing of the day or later, and one question at a time. ---------------------------------------------------------


def test_a_poisoned_future_changes_no_score():
    day = 25
    asked = ask(history_before(ARCHIVE, day), ARCHIVE.of(day))
    poison = ARCHIVE.facts.copy()
    late = poison[:, 3] >= day
    poison[late, 2] = (poison[late, 2] + 11) % len(ARCHIVE.actors)
    poison[late, 1] = 0
    poisoned = replace(ARCHIVE, facts=poison)
    history = history_before(poisoned, day)
    again = history.describe(asked.actors, asked.deeds, day, ranker.CANDIDATES)
    np.testing.assert_array_equal(again[0], asked.candidates)
    np.testing.assert_array_equal(again[2], asked.features)


def test_a_poisoned_past_does_change_scores():
    day = 25
    asked = ask(history_before(ARCHIVE, day), ARCHIVE.of(day))
    poison = ARCHIVE.facts.copy()
    poison[poison[:, 3] == day - 1, 2] = 0
    history = history_before(replace(ARCHIVE, facts=poison), day)
    assert (history.describe(asked.actors, asked.deeds, day, ranker.CANDIDATES)[2] != asked.features).any()


def test_a_question_alone_is_answered_as_in_its_batch():
    day = 30
    history = history_before(ARCHIVE, day)
    asked = ask(history, ARCHIVE.of(day))
    for i in range(len(asked.actors)):
        candidates, found, features = history.describe(
            asked.actors[i : i + 1], asked.deeds[i : i + 1], day, ranker.CANDIDATES
        )
        np.testing.assert_array_equal(candidates[0], asked.candidates[i])
        np.testing.assert_array_equal(features[0], asked.features[i])
        assert found[0] == asked.found[i]


def test_what_was_asked_before_does_not_matter():
    asked, silent = History(ARCHIVE), history_before(ARCHIVE, 33)
    for day in range(33):
        if asked.known:
            ask(asked, ARCHIVE.of(day))
        asked.add(ARCHIVE.of(day))
    one, other = (history.describe(np.array([0, 3]), np.array([1, 2]), 33, 20) for history in (asked, silent))
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[2], other[2])


def test_the_order_of_questions_does_not_matter():
    day = 30
    history = history_before(ARCHIVE, day)
    asked = ask(history, ARCHIVE.of(day))
    turned = history.describe(asked.actors[::-1].copy(), asked.deeds[::-1].copy(), day, ranker.CANDIDATES)
    np.testing.assert_array_equal(turned[2][::-1], asked.features)


def test_a_known_day_cannot_be_asked_about_nor_added_again():
    history = history_before(ARCHIVE, 10)
    with pytest.raises(ValueError, match="known already"):
        history.describe(np.array([1]), np.array([1]), 9, 5)
    with pytest.raises(ValueError, match="in order"):
        history.add(ARCHIVE.of(9))
    with pytest.raises(ValueError, match="whole days"):
        history.add(np.concatenate([ARCHIVE.of(10), ARCHIVE.of(11)]))


def test_both_directions_are_asked():
    facts = np.array([[3, 1, 5, 0], [3, 1, 6, 0]], np.int32)
    actors, deeds, answers = questions(facts, 6)
    asked = {(int(a), int(d)): sorted(map(int, right)) for a, d, right in zip(actors, deeds, answers, strict=True)}
    assert asked == {(3, 1): [5, 6], (5, 7): [3], (6, 7): [3]}


# Features. --------------------------------------------------------------------------------------------------------


def test_features_say_what_they_are_named():
    facts = np.array([[1, 2, 5, 0], [1, 2, 5, 3], [5, 2, 1, 4], [1, 3, 7, 4]], np.int32)
    archive = replace(ARCHIVE, facts=facts)
    history = history_before(archive, 5)
    candidates, _, features = history.describe(np.array([1]), np.array([2]), 6, 50)
    told = dict(zip(FEATURES, features[0, list(candidates[0]).index(5)], strict=True))
    assert told["same 1e+09"] == pytest.approx(2)
    assert told["pair 1e+09"] == pytest.approx(3)
    assert told["back 1e+09"] == pytest.approx(1)
    assert (told["same gap"], told["pair gap"], told["back gap"]) == (3, 2, 2)
    assert told["same 3"] == pytest.approx(np.exp(-2 / 3) + np.exp(-5 / 3))
    assert told["deed target 1e+09"] == pytest.approx(2)
    assert told["deed target 4"] == pytest.approx(np.exp(-3 / 4) + np.exp(-6 / 4), rel=1e-5)
    assert told["actor deed gap"] == 3
    assert (told["partners"], told["partners of deed"]) == (2, 1)
    assert told["inverse"] == 0


def test_every_feature_is_filled_and_finite():
    history = history_before(ARCHIVE, 35)
    asked = ask(history, ARCHIVE.of(35))
    rows = asked.features[asked.candidates >= 0]
    assert np.isfinite(rows).all()
    constant = [name for name, column in zip(FEATURES, rows.T, strict=True) if column.min() == column.max()]
    assert set(constant) <= {"yearly", "class gap"}


def test_days_added_one_by_one_or_after_a_gap_of_a_year():
    gone = ARCHIVE.facts.copy()
    gone[gone[:, 3] >= 20, 3] += 365
    history = History(replace(ARCHIVE, facts=gone))
    for day in np.unique(gone[:, 3]):
        history.add(gone[gone[:, 3] == day])
    _, found, features = history.describe(np.array([0]), np.array([0]), int(gone[-1, 3]) + 400, 10)
    assert found[0] > 0 and np.isfinite(features).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), min_size=1, max_size=60))
def test_tallies_count_as_the_formula_says(events):
    events = sorted(events, key=lambda event: event[1])
    table, used = tallies.empty(16), 0
    for name, day in events:
        table = tallies.with_room(table, used, 1)
        used += tallies.bump(table, name, day)
    for name in range(41):
        days = [day for one, day in events if one == name]
        for k, scale in enumerate(tallies.SCALES):
            expected = sum(np.exp(-(31 - day) / scale) for day in days)
            assert tallies.count(table, name, 31, k) == pytest.approx(expected, rel=1e-4)
        assert tallies.gap(table, name, 31) == (31 - days[-1] if days else tallies.NEVER)


def test_roots_are_read_off_names_codes_and_types():
    named = ("Make_statement".replace("_", " "), "Use tactics of violent repression", "CONSULT", "042", "no such deed")
    assert list(roots(named)) == [1, 17, 4, 4, 0]


# The network. -----------------------------------------------------------------------------------------------------


def told_before(day):
    """The network of a history that ends with `day`, the day's events in it, and a history that ends the day before."""
    history, earlier = history_before(ARCHIVE, day + 1), history_before(ARCHIVE, day)
    events = np.arange(earlier.known, history.known)[:7]
    return history.network, network._batch(history.state, events), earlier


def shares_of(weights, net, history, actor, deed, day):
    net.set_weights(weights)
    found = np.zeros(len(ARCHIVE.actors), np.float32)
    network.log_shares(net.weights, net.turned, history.state, int(actor), int(deed), day, found)
    return found


def test_slopes_of_the_network_are_those_of_its_loss(monkeypatch):
    monkeypatch.setattr(network, "DROPPED", 0.0)
    net, batch, earlier = told_before(24)
    weights = net.weights
    slopes = network._slopes(weights, net._embedded(), batch, net.places, net.kinds, net.classes, net.chance)

    def loss():
        told = [shares_of(weights, net, earlier, batch.actors[i], batch.deeds[i], 24) for i in range(len(batch.actors))]
        return -np.mean([told[i][answer] for i, answer in zip(batch.at, batch.answers, strict=True)])

    for name in network.Weights._fields:
        value, slope = getattr(weights, name), getattr(slopes, name)
        at = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        kept, step = value[at], np.float32(3e-3)
        value[at] = kept + step
        above = loss()
        value[at] = kept - step
        below = loss()
        value[at] = kept
        assert slope[at] == pytest.approx((above - below) / (2 * step), rel=0.03, abs=2e-4), name


def test_shares_sum_to_one_and_favour_what_recurs():
    net, batch, earlier = told_before(36)
    for i, answer in zip(batch.at, batch.answers, strict=True):
        shares = np.exp(shares_of(net.weights, net, earlier, batch.actors[i], batch.deeds[i], 36))
        assert shares.sum() == pytest.approx(1, abs=1e-4)
        assert shares[answer] > 0
    told = [
        np.exp(shares_of(net.weights, net, earlier, a, d, 36)) for a, d in zip(batch.actors, batch.deeds, strict=True)
    ]
    by_chance = 1 / len(ARCHIVE.actors)
    assert np.mean([told[i][answer] for i, answer in zip(batch.at, batch.answers, strict=True)]) > 1.3 * by_chance


def test_the_network_goes_by_the_seed_alone():
    one, same, other = (History(ARCHIVE, seed) for seed in (0, 0, 1))
    for history in (one, same, other):
        for day in range(6):
            history.add(ARCHIVE.of(day))
    np.testing.assert_array_equal(one.network.turned, same.network.turned)
    assert (one.network.turned != other.network.turned).any()


def test_earlier_events_are_drawn_from_all_days_late_ones_more_often():
    history = history_before(ARCHIVE, 40)
    drawn = np.concatenate([history.network._drawn(history.state, history.known) for _ in range(40)])
    days = np.bincount(history.state.day[drawn], minlength=40)
    assert drawn.min() >= 0 and drawn.max() < history.known and (days > 0).all()
    assert days[30:].sum() > days[:10].sum()


# Ranks. -----------------------------------------------------------------------------------------------------------


def test_ties_get_the_rank_expected_of_a_draw():
    scores, right = np.array([3.0, 2.0, 2.0, 2.0, 1.0]), np.array([False, True, False, False, False])
    assert list(ranks(scores, right, 0, 0)) == [3.0]  # places 2, 3, 4


def test_other_answers_are_taken_out_before_one_is_ranked():
    scores, right = np.array([5.0, 4.0, 3.0, 2.0]), np.array([True, True, False, True])
    assert list(ranks(scores, right, 0, 0)) == [1.0, 1.0, 2.0]


def test_an_answer_that_is_no_candidate_ties_with_all_others_that_are_none():
    scores, right = np.array([5.0, 4.0]), np.array([False, True])
    assert list(ranks(scores, right, 9, 1)) == [2.0, 1 + 1 + 4.0]  # behind one wrong candidate, amid eight others


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30), st.integers(0, 9), st.randoms())
def test_ranks_do_not_depend_on_the_order_of_candidates(rows, unnamed, chance):
    def found(told):
        return sorted(ranks(np.array([s for s, _ in told], float), np.array([r for _, r in told]), unnamed, 0))

    shuffled = rows.copy()
    chance.shuffle(shuffled)
    assert found(rows) == found(shuffled)


def test_quality_of_ranks():
    told = quality(np.array([1.0, 2.0, 4.0, 20.0]))
    assert (told.mrr, told.hits1, told.hits3, told.hits10) == (45.0, 25.0, 50.0, 75.0)


# Trees and evaluation. --------------------------------------------------------------------------------------------


def test_share_slopes_are_those_of_the_loss():
    scores, right = np.array([0.3, -0.2, 0.9, 0.1]), np.array([1, 0, 1, 0], bool)
    stands_for, ends = np.array([1, 1, 1, 7], np.float32), np.array([0, 4])

    def loss(at):
        wrong = (stands_for * np.exp(at))[~right].sum()
        return -sum(np.log(np.exp(s) / (np.exp(s) + wrong)) for s in at[right])

    slope, curve = np.zeros(4), np.zeros(4)
    ranker._share_slopes(scores, right, stands_for, ends, slope, curve)
    for i, step in enumerate(np.eye(4) * 1e-5):
        assert slope[i] == pytest.approx((loss(scores + step) - loss(scores - step)) / 2e-5, abs=1e-6)


@pytest.fixture
def quadruples(tmp_path):
    bounds = {"train": (0, 28), "valid": (28, 34), "test": (34, 40)}
    for name, (start, end) in bounds.items():
        facts = ARCHIVE.facts[(ARCHIVE.facts[:, 3] >= start) & (ARCHIVE.facts[:, 3] < end)]
        (tmp_path / f"{name}.txt").write_text("".join(f"{s}\t{d}\t{t}\t{24 * day}\t-1\n" for s, d, t, day in facts))
    (tmp_path / "relation2id.txt").write_text("".join(f"{deed}\t{i}\n" for i, deed in enumerate(DEEDS)))
    return tmp_path


def test_evaluate_beats_chance_with_and_without_trees(quadruples, monkeypatch):
    rules = evaluate(quadruples)
    monkeypatch.setattr(ranker, "LEAST_QUESTIONS", 100)
    monkeypatch.setattr(ranker, "ROUNDS", (10, 20))
    trees = evaluate(quadruples)
    by_chance = 100 * np.mean(1 / np.arange(1, len(ARCHIVE.actors)))
    for found in (rules, trees):
        assert found.test.mrr > 1.2 * by_chance
        assert found.test.answers == 2 * len(ARCHIVE.facts[ARCHIVE.facts[:, 3] >= 34])
    assert trees.rounds in (10, 20)
    again = evaluate(quadruples)
    assert again.test == trees.test


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("train", "1 2 3\n", "line 1"),
        ("train", "", "holds no quadruple"),
        ("valid", "0 1 2 nought\n", "write four whole numbers"),
        ("test", "0 1 2 0\n", "overlap in time"),
    ],
)
def test_bad_quadruples_are_refused_by_name(quadruples, name, text, message):
    (quadruples / f"{name}.txt").write_text(text)
    with pytest.raises(ForecastError, match=message):
        read_quadruples(quadruples)


def test_the_command_prints_both_splits(quadruples):
    result = CliRunner().invoke(forecast, ["evaluate", str(quadruples), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["test"]["answers"] == 166 and found["seconds"] > 0 and found["memory"] > 0
    shown = CliRunner().invoke(forecast, ["evaluate", str(quadruples)]).stdout
    assert f"{found['test']['mrr']:.2f}" in shown


def test_the_command_names_what_is_missing(tmp_path):
    result = CliRunner().invoke(forecast, ["evaluate", str(tmp_path)])
    assert result.exit_code == 1 and "train.txt" in result.stderr


def test_a_missing_split_is_named(quadruples):
    (quadruples / "valid.txt").unlink()
    with pytest.raises(ForecastError, match=r"valid\.txt cannot be read"):
        read_quadruples(quadruples)


# Forecasts. -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def forecaster():
    return learned(ARCHIVE, 38)


def test_links_are_ranked_probable_and_explained(forecaster):
    found = forecaster.links([0], most=10)
    chances = [link.probability for link in found]
    assert chances == sorted(chances, reverse=True) and chances[-1] > 0 and chances[0] < 1
    top = found[0]
    assert top.known and top.past and top.past[0].day < 38
    assert all(0 <= rule.probability <= 1 and rule.tries for rule in top.rules)


def test_probabilities_of_links_sum_to_what_comes_true(forecaster):
    pairs = range(len(ARCHIVE.actors))
    expected = sum(link.probability for link in forecaster.links(pairs, most=100_000))
    usual = len(ARCHIVE.facts) / 40
    assert 0.5 * usual < expected < 1.6 * usual


def test_forecasts_do_not_know_the_day_or_later():
    cut = replace(ARCHIVE, facts=ARCHIVE.before(38))
    assert learned(cut, 38).links([0, 1]) == learned(ARCHIVE, 38).links([0, 1])


def test_an_actor_never_seen_has_no_known_deeds(forecaster):
    quiet = replace(ARCHIVE, facts=ARCHIVE.facts[(ARCHIVE.facts[:, [0, 2]] != 23).all(axis=1)])
    one = learned(quiet, 38)
    assert one.links([23]) == []
    asked = one.links([23], deeds=[2], most=5)
    assert len(asked) == 5 and all(link.known == 0 and not link.past for link in asked)
