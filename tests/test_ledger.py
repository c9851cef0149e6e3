"""The ledger: who claims what against whom, who bears it out, who contradicts it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_agenda import NOV, telling, tellings, told
from test_relations import KIM, PRK, RUS, kept

from legation.ledger import STANCES, Contradiction, claims, claims_of
from legation.schema import Disagreement, Party, Version
from legation.store import Store

SEOUL = Party("Seoul", "KOR", ("GOV",), "KOR-GOV")
FBI = Party("FBI", "USA", ("COP",), "org:fbi")


def shelling(*tellings, deed="ASSAULT", sources=(PRK,), targets=(SEOUL,), **changes):
    return told("e1", *tellings, deed=deed, sources=sources, targets=targets, **changes)


def by_claimant(event):
    return {(claim.claimant.name if claim.claimant else None, claim.stance): claim for claim in claims_of(event)}


SAID = telling(1, "actual", NOV(1), NOV(1), claimants=(SEOUL,))
DENIED = telling(2, "negated", NOV(2), claimants=(PRK,))


def test_a_claim_and_its_denial():
    found = by_claimant(shelling(SAID, DENIED))
    seoul, pyongyang = found["Seoul", "affirmed"], found["North Korea", "denied"]
    assert (seoul.deed, seoul.sources, seoul.targets, seoul.start, seoul.first) == (
        "ASSAULT", (PRK,), (SEOUL,), NOV(1), NOV(1),
    )  # fmt: skip
    assert seoul.contradicted == (Contradiction("status", "affirmed", "denied", ("North Korea (PRK GOV)",), 1),)
    assert pyongyang.contradicted == (Contradiction("status", "denied", "affirmed", ("Seoul (KOR GOV)",), 1),)
    assert (seoul.told_by, seoul.corroborated, seoul.mentions) == (("Paper 1",), 0, ("m1",))


def test_a_claim_is_borne_out_by_other_independent_publishers():
    found = by_claimant(
        shelling(
            SAID,
            telling(3, "actual", NOV(2), publisher="Paper 3"),
            telling(4, "historical", NOV(3), publisher="Paper 4", claimants=(FBI,)),
            telling(5, "actual", NOV(3), publisher="Paper 5", copy_of="r3"),
            telling(6, "actual", NOV(3), publisher="Paper 6", claimants=(SEOUL,)),
            telling(7, "actual", NOV(3), publisher="Paper 1"),
            telling(8, "future", NOV(1), publisher="Paper 8"),
        )
    )
    assert set(found) == {("Seoul", "affirmed"), ("FBI", "affirmed")}
    assert found["Seoul", "affirmed"].told_by == ("Paper 1", "Paper 6")
    assert found["Seoul", "affirmed"].corroborated == 2
    assert found["FBI", "affirmed"].corroborated == 3
    assert found["Seoul", "affirmed"].contradicted == ()


def test_reports_in_their_own_voice_are_entered_where_somebody_contradicts_them():
    assert by_claimant(shelling(telling(3, "actual", NOV(2)))) == {}
    found = by_claimant(shelling(telling(3, "actual", NOV(2)), DENIED))
    assert set(found) == {(None, "affirmed"), ("North Korea", "denied")}
    assert found["North Korea", "denied"].contradicted[0].says == ("Paper 3",)


def test_disagreements_contradict_those_who_tell_another_value():
    toll = Disagreement(
        "killed", (Version("4", ("m1",), 1, ("Seoul",), NOV(1)), Version("2", ("m3", "m9"), 2, ("Paper 3",), NOV(2)))
    )
    found = by_claimant(shelling(SAID, telling(3, "actual", NOV(2)), telling(4, "actual", NOV(2), claimants=(FBI,)),
                                 disagreements=(toll,)))  # fmt: skip
    assert found["Seoul", "affirmed"].contradicted == (Contradiction("killed", "4", "2", ("Paper 3",), 2),)
    assert found[None, "affirmed"].contradicted == (Contradiction("killed", "2", "4", ("Seoul",), 1),)
    assert found["FBI", "affirmed"].contradicted == ()


def test_a_status_that_the_event_lists_as_disputed_is_told_once():
    status = Disagreement("status", (Version("actual", ("m1",), 1, ("Seoul",), NOV(1)),
                                     Version("negated", ("m2",), 1, ("Pyongyang",), NOV(2))))  # fmt: skip
    found = by_claimant(shelling(SAID, DENIED, disagreements=(status,)))
    assert found["Seoul", "affirmed"].contradicted == (Contradiction("status", "actual", "negated", ("Pyongyang",), 1),)


@pytest.mark.parametrize(
    "deed, claimant, against",
    [("ASSAULT", SEOUL, (PRK,)), ("ASSAULT", PRK, (SEOUL,)), ("ACCUSE", FBI, (PRK,)), ("CONSULT", SEOUL, ())],
)
def test_against_whom_a_claim_is(deed, claimant, against):
    (claim,) = claims_of(shelling(telling(1, "actual", NOV(1), claimants=(claimant,)), deed=deed))
    assert claim.against == against


def test_an_announcement_that_is_dropped_is_no_contradiction():
    found = by_claimant(shelling(telling(1, "future", NOV(1), claimants=(PRK,)), DENIED))
    assert set(found) == {("North Korea", "announced"), ("North Korea", "denied")}
    assert not any(claim.contradicted for claim in found.values())


@pytest.fixture
def store(tmp_path):
    return kept(
        tmp_path / "s",
        told("shelling", SAID, DENIED, sources=(PRK,), targets=(SEOUL,), deed="ASSAULT"),
        told("hack", telling(3, "actual", NOV(20), claimants=(FBI,)), sources=(KIM,), targets=(), deed="COERCE"),
        told("visit", telling(4, "actual", NOV(21)), targets=(RUS,)),
    )


@pytest.mark.parametrize(
    "chosen, found",
    [
        ({}, "hack/FBI shelling/Seoul shelling/North Korea"),
        ({"actor": "KOR"}, "shelling/Seoul shelling/North Korea"),
        ({"actor": "Kim"}, "hack/FBI"),
        ({"claimant": "KOR GOV"}, "shelling/Seoul"),
        ({"claimant": "fbi"}, "hack/FBI"),
        ({"claimant": "RUS"}, ""),
        ({"disputed": True}, "shelling/Seoul shelling/North Korea"),
        ({"disputed": True, "claimant": "PRK"}, "shelling/North Korea"),
    ],
)
def test_claims_that_are_asked_for(store, chosen, found):
    assert " ".join(f"{c.event_id}/{c.claimant.name}" for c in claims(store, **chosen)) == found


def test_an_empty_store_has_no_claims(tmp_path):
    assert list(claims(Store(tmp_path / "none"))) == []


claimed = st.builds(
    lambda one, claimants: telling(
        one.mention_id[1:], one.status, one.published, one.start, one.end, copy_of=one.copy_of, publisher=one.publisher,
        claimants=tuple(claimants),
    ),
    tellings, st.lists(st.sampled_from([SEOUL, PRK, FBI]), max_size=2, unique=True),
)  # fmt: skip


@given(st.lists(claimed, max_size=8, unique_by=lambda t: t.mention_id), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_attributed_telling_is_in_the_ledger_once_for_each_claimant_in_any_order(given_tellings, random):
    found = claims_of(shelling(*given_tellings))
    entered = sorted((c.claimant.name, c.stance, m) for c in found if c.claimant for m in c.mentions)
    assert entered == sorted((p.name, STANCES[t.status], t.mention_id) for t in given_tellings for p in t.claimants)
    stances = {STANCES[t.status] for t in given_tellings}
    for claim in found:
        assert bool(claim.contradicted) == (
            claim.stance in ("affirmed", "denied") and {"affirmed", "denied"} <= stances
        )
        assert claim.corroborated <= len({t.publisher or t.report_id for t in given_tellings})
    random.shuffle(given_tellings)
    assert claims_of(shelling(*given_tellings)) == found
