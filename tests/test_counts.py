import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.coding.counts import casualties


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Bombs tore through the market, killing at least 19 people and injuring more than 50.", (19, 50)),
        ("The raid killed two soldiers and wounded dozens.", (2, None)),
        ("One person was killed and a dozen were hurt, the ministry said.", (1, 12)),
        ("The flooding of the camp left 1,200 people dead.", (1200, None)),
        ("Three guards and two prisoners were killed in the break-out.", (5, None)),
        ("The blast killed 35 children and seven adults.", (42, None)),
        ("At least 37 people were killed and 52 wounded when the bus was hit.", (37, 52)),
        ("A policeman was killed on Monday, the third in a week.", (1, None)),
        ("Two dozen people died and twenty-three others were injured.", (24, 23)),
        ("More than 46 people, including six soldiers, were dead by nightfall.", (46, None)),
        ("Soldiers shot dead five men near the fence.", (5, None)),
        ("The clash on Sept. 8 wounded 12 sailors.", (None, 12)),
        ("Rebels attacked the convoy, killing a 12-year-old girl.", (1, None)),
        ("The murder of Ann Example shook the town.", (1, None)),
        ("Scores were wounded in 2013.", (None, None)),
        ("Nobody was hurt on either side in the exchange of fire.", (None, None)),
        ("Both sides said there were no casualties.", (None, None)),
        ("Gunmen in two cars killed the mayor.", (None, None)),
        ("No one was killed, and the driver was not injured.", (None, None)),
        ("The storm killed 900,000 million fish.", (None, None)),
        ("Police detained 300 protesters.", (None, None)),
    ],
)
def test_counts(sentence: str, expected: tuple[int | None, int | None]) -> None:
    assert casualties(sentence, 0, len(sentence)) == expected


def test_only_the_stretch_counts() -> None:
    text = "A mine killed two men. A shell wounded nine sailors."
    assert casualties(text, 0, 22) == (2, None)
    assert casualties(text, 23, len(text)) == (None, 9)


def test_a_stretch_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3, 99\)"):
        casualties("killed two", 3, 99)


@given(
    st.text(),
    st.lists(
        st.sampled_from(
            ["killed", "wounding", "two", "a", "dozen", "1,200", "and", "dead", "of", "people", ",", ".", "was"]
        )
    ),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_text_yields_positive_counts_or_none(text: str, words: list[str]) -> None:
    for stretch in (text, " ".join(words)):
        for count in casualties(stretch, 0, len(stretch)):
            assert count is None or count > 0
