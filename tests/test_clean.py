"""What `body` keeps and drops, what `language` answers, and which reports `Duplicates` marks."""

import re
import textwrap
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation import clean
from legation.clean import Duplicates, body, language
from legation.schema import Report
from legation.tables import rows

PAGE = (Path(__file__).parent / "data" / "page.txt").read_text(encoding="utf-8")


def kept(text: str, title: str | None = None) -> list[str]:
    return [span.text for span in body(Report("r", text, title=title)).spans]


def dropped(text: str, title: str | None = None) -> list[tuple[str, str]]:
    return [(line.reason, line.span.text) for line in body(Report("r", text, title=title)).dropped]


def test_a_page_as_saved() -> None:
    assert [paragraph[:40] for paragraph in kept(PAGE)] == [
        "OSLO, Norway (HW) — Norway will send a s",
        "The foreign ministry in Nairobi said the",
        '"We expect a frank exchange," a ministry',
        "Kenya recalled its ambassador from Oslo ",
        "Opposition leaders in Nairobi accused th",
    ]
    assert kept(PAGE)[-1].endswith("accused the government of giving in.")
    assert dropped(PAGE) == [
        ("headline", "Norway to send envoy to Kenya"),
        ("byline", "Harbour Wire"),
        ("posted line", "Posted: Mar 6, 2015 4:26 AM"),
        ("byline", "By Ada Finch"),
        ("headline", "Norway to send envoy to Kenya"),
        ("teaser", "Nine Gardens You Must See Before Summer"),
        ("byline", "Tom Reed"),
        ("share bar", "Share on Facebook | Tweet | Email"),
        ("advertisement", "Advertisement"),
        ("contributor note", "(Reporting by Ada Finch; Editing by Tom Reed)"),
        ("newsletter prompt", "Sign up for our free newsletter to get the day's news in your inbox."),
        ("contributor note", "Harbour Wire writer Jan Holm in Bergen contributed to this report."),
        ("copyright", "© 2015 Harbour Wire. All rights reserved."),
    ]


def test_dateline_and_posted_date_of_a_page() -> None:
    found = body(Report("r", PAGE))
    assert found.published == date(2015, 3, 6)
    assert found.dateline is not None and found.dateline.text == "OSLO, Norway (HW) —"
    assert body(Report("r", PAGE, published=date(2015, 3, 7))).published == date(2015, 3, 7)


@pytest.mark.parametrize("row", rows("boilerplate"), ids=lambda row: row["example"])
def test_every_pattern_matches_its_example(row: dict[str, str]) -> None:
    assert re.compile(clean._pattern(row), re.IGNORECASE | re.DOTALL).fullmatch(row["example"])
    if row["reason"] != "label":
        report = f"Norway sent an envoy to Kenya on Friday.\n\n{row['example']}\n\nTalks begin on Monday."
        assert dropped(report) == [(row["reason"], row["example"])]


@pytest.mark.parametrize(
    "sentence",
    [
        "By Monday the army had withdrawn from three villages.",
        "Published reports said the minister had met the rebels in secret.",
        "Published in 2009, the report accused the army.",
        "Copyright law was one of the disputes that the two sides settled.",
        "Poor weather contributed to the crash, the ministry said.",
        "Both governments contributed to this year's relief fund.",
        "Register of Deeds officials were arrested on Thursday.",
        "Subscribers to the state telephone network were cut off during the protests.",
        "Reporting from the front is forbidden, the army said.",
        "Reuters reported that the envoy had left.",
        "AP photographers were beaten by police in the square.",
        "Related charges against the general were dropped.",
        "More than 200 soldiers crossed the border.",
        "More troops: the president said he would send them.",
        "Share prices fell after the minister resigned.",
        "Share this land, the elders told both clans.",
        "Follow the treaty, he told Tehran, or face sanctions.",
        "Photographs showed tanks near the border.",
        "File charges or free them, the lawyer told the police.",
        "Get out of the valley, the rebels told the aid workers.",
        "Watch for mines, soldiers told the returning villagers.",
        "Correspondents were expelled from the capital on Tuesday.",
        "Thank you for the aid, the mayor told the Norwegian envoy.",
        "Editing software was found on the suspect's laptop, police said.",
        "Support our troops, the president told parliament.",
        "See you in court, the opposition leader told the government.",
        "Next: a summit in Geneva, the minister said, or there will be war.",
        "This report was rejected by the ministry.",
        "The source said: Iran will retaliate.",
        "Sources: two diplomats close to the talks confirmed the plan, and a third denied it. All spoke in Geneva.",
        "We use force only in defence, the general said.",
        "Cookies and tea were served as the ministers met.",
        "Yes.",
        "“No!”",
    ],
)  # fmt: skip
def test_prose_is_never_taken_for_boilerplate(sentence: str) -> None:
    report = f"Norway sent an envoy to Kenya on Friday.\n\n{sentence}\n\nTalks begin on Monday. {sentence}"
    assert not dropped(report)


@pytest.mark.parametrize(
    "text",
    [
        "Norway to send envoy to Kenya",
        "By Ada Finch",
        "Advertisement",
        "All rights reserved.",
        "Posted: Mar 6, 2015 4:26 AM",
        "AP - The envoy arrived in Nairobi on Friday, and the two governments have been",
        "Norway to send envoy to Kenya\nPresident to attend talks",
    ],
)
def test_a_short_report_is_never_dropped_whole(text: str) -> None:
    assert " ".join(kept(text)) == " ".join(text.split("\n"))


def test_headline_alone_is_kept_where_the_rest_is_furniture() -> None:
    text = "Norway to send envoy to Kenya\nBy Ada Finch\nPosted: Mar 6, 2015\nAdvertisement"
    assert kept(text) == ["Norway to send envoy to Kenya"]


def test_one_long_line_is_kept_whole() -> None:
    text = "Norway sent an envoy. He met the minister. Officials were told that the talks would go on until"
    assert kept(text) == [text]


def test_title_repeated_with_a_full_stop() -> None:
    text = "Norway sends envoy to Kenya.\nThe envoy arrived on Friday."
    assert dropped(text) == []
    assert dropped(text, title="Norway Sends Envoy to Kenya") == [("headline", "Norway sends envoy to Kenya.")]


def test_hard_wrapped_paragraphs_are_joined() -> None:
    story = [
        "Norway will send a special envoy to Kenya next week, both governments said Friday, in a visit to revive talks "
        "on a treaty that Kenya left last year, according to officials in Oslo and Nairobi.",
        "Kenya recalled its ambassador from Oslo in January after Norwegian patrol boats seized two trawlers.",
    ]
    wrapped = [textwrap.fill(paragraph, 66) for paragraph in story]
    text = "\n\n".join(["Norway to send envoy to Kenya", *wrapped])
    assert kept(text) == wrapped and dropped(text) == [("headline", "Norway to send envoy to Kenya")]


def test_a_list_that_the_report_announces_is_kept() -> None:
    text = "The two sides agreed on three points:\n- Withdrawal of all troops\n- Exchange of prisoners\nTalks go on."
    assert not dropped(text)


def test_headings_between_paragraphs() -> None:
    text = "Norway sent an envoy to Kenya.\n\nNo claim of responsibility\n\nThe envoy said he would stay a week."
    assert dropped(text) == [("heading", "No claim of responsibility")]


def test_teaser_with_a_question_mark() -> None:
    text = (
        "Norway sent an envoy to Kenya.\n\nWill These Nine Gardens Survive?\nTom Reed\n\nHe said he would stay a week."
    )
    assert dropped(text) == [("teaser", "Will These Nine Gardens Survive?"), ("byline", "Tom Reed")]
    question = "Norway sent an envoy to Kenya.\n\nWill the talks fail?\nNobody in Oslo would say.\n\nHe left."
    assert not dropped(question)


def test_text_that_never_punctuates_is_kept() -> None:
    text = "Norway sends envoy to Kenya\nKenya recalls ambassador\nPolice fire on protesters in Kisumu\nTalks begin."
    assert len(kept(text)) == 4


@pytest.mark.parametrize(
    ("start", "dateline"),
    [
        ("SEOUL, South Korea (AP) — The envoy left.", "SEOUL, South Korea (AP) —"),
        ("GUWAHATI: The envoy left.", "GUWAHATI:"),
        ("BAGHDAD, Iraq (Reuters) - The envoy left.", "BAGHDAD, Iraq (Reuters) -"),
        ("Canadian Press - OTTAWA (CP) - The envoy left.", "OTTAWA (CP) -"),
        ("By Ada Finch BASEL (Reuters) - The envoy left.", "BASEL (Reuters) -"),
        ("WASHINGTON, Sept. 30, 2004 -- The envoy left.", "WASHINGTON, Sept. 30, 2004 --"),
        ("MONROVIA, 29 October (IRIN) - The envoy left.", "MONROVIA, 29 October (IRIN) -"),
        ("ST. GEORGE'S, Grenada - The envoy left.", "ST. GEORGE'S, Grenada -"),
        ("PORT-AU-PRINCE, Haiti – The envoy left.", "PORT-AU-PRINCE, Haiti –"),
        ("THE HAGUE (Reuters) - The envoy left.", "THE HAGUE (Reuters) -"),
        ("KHARTOUM/NAIROBI (Reuters) - The envoy left.", "KHARTOUM/NAIROBI (Reuters) -"),
        ("Islamabad, Nov. 16 (NNN): The envoy left.", "Islamabad, Nov. 16 (NNN):"),
        ("Washington (CNN) The envoy left.", "Washington (CNN)"),
        ("Washington (CNN)\nThe envoy left on Friday.", "Washington (CNN)"),
        ("AP - The envoy left.", None),
        ("CARROT AND STICK: The envoy left.", None),
        ("UPDATE 2: The envoy left.", None),
        ("Ramush Haradinaj (right) left.", None),
        ("The envoy (Reuters reported) left.", None),
        ("US troops left.", None),
        ("A: No.", None),
    ],
)
def test_datelines(start: str, dateline: str | None) -> None:
    found = body(Report("r", start)).dateline
    assert (found.text if found else None) == dateline


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("Posted: Nov 14, 2014 4:26 AM", date(2014, 11, 14)),
        ("Published 14 November 2014", date(2014, 11, 14)),
        ("Friday, November 14th, 2014", date(2014, 11, 14)),
        ("2014-11-14T04:26:00Z", date(2014, 11, 14)),
        ("Last updated: 15 Nov 2014 08:00\nPosted: Nov 14, 2014 4:26 AM", date(2014, 11, 14)),
        ("Posted: Nov 31, 2014 4:26 AM", None),
        ("Posted 3 hours ago", None),
        ("11/12/2014", None),
    ],
)
def test_posted_lines(line: str, day: date | None) -> None:
    found = body(Report("r", f"{line}\n\nNorway sent an envoy to Kenya on Friday."))
    assert found.published == day and len(found.spans) == 1


PIECES = ["Norway sent an envoy. ", "By Ada Finch", "\n", "\n\n", "\r\n", "(Reporting by Ada Finch)", "OSLO (AP) — "]
PIECES += [
    "\u2028",
    "\x00",
    "Kenya",
    " ",
    "• ",
    "All rights reserved.",
    "Advertisement",
    "Posted: Mar 6, 2015",
    "said",
    ":",
]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=25).map("".join), st.none() | st.text(max_size=20)
)
def test_every_character_is_kept_or_dropped_once(text: str, title: str | None) -> None:
    found = body(Report("r", text, title=title))
    spans = sorted([*found.spans, *(line.span for line in found.dropped)], key=lambda span: span.start)
    end = 0
    for span in spans:
        assert span.text and text[span.start : span.end] == span.text == span.text.strip()
        assert not text[end : span.start].strip()
        end = span.end
    assert not text[end:].strip()
    assert found.spans == tuple(sorted(found.spans, key=lambda span: span.start))
    assert bool(found.spans) == any(map(str.isalnum, text))
    assert found.dateline is None or text[found.dateline.start : found.dateline.end] == found.dateline.text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "Norway sent an envoy to Kenya on Friday."),
        ("en", "Presidents Kenyatta, Museveni and Kagame met in Kigali."),
        ("fr", "La Norvège a envoyé un émissaire au Kenya vendredi, selon le ministère."),
        ("es", "Noruega envió el viernes un emisario a Kenia, según el ministerio."),
        ("de", "Norwegen hat am Freitag einen Gesandten nach Kenia geschickt, wie das Ministerium mitteilte."),
        ("ru", "Норвегия направила в пятницу посланника в Кению, сообщило министерство."),
        ("ar", "أرسلت النرويج مبعوثا إلى كينيا يوم الجمعة، بحسب الوزارة."),
        ("zh", "挪威外交部表示，挪威周五向肯尼亚派出一名特使，就渔业协定举行会谈。"),
        ("tr", "Bakanlığa göre Norveç cuma günü Kenya'ya bir elçi gönderdi."),
        ("und", "Kenya?"),
        ("und", "12 345 – 67"),
        ("und", ""),
    ],
)
def test_language(code: str, text: str) -> None:
    assert language(text) == code


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_language_answers_any_text(text: str) -> None:
    assert language(text) in {"und", *(row["code"] for row in rows("news_languages"))}


STORY = (
    "Norway will send a special envoy to Kenya next week, both governments said Friday, in a visit meant to revive "
    "talks on a fishing treaty. The foreign ministry in Nairobi said the envoy would meet the president on March 11, "
    "but gave no details of the agenda. Kenya recalled its ambassador from Oslo in January after Norwegian patrol "
    "boats seized two trawlers. Opposition leaders accused the government of giving in to pressure from abroad."
)
OTHER = (
    "Police in Lima fired tear gas at teachers who marched on the education ministry to demand higher wages. Union "
    "leaders said forty people were arrested. The interior minister defended the officers and called the march illegal."
)


def test_duplicates() -> None:
    seen = Duplicates()
    assert seen.mark(Report("a", STORY)) is None
    assert seen.mark(Report("b", OTHER)) is None
    assert seen.mark(Report("c", STORY.replace(". ", ".\n\n").upper())) == ("a", "exact")
    page = f"Envoy to visit\n\nBy Tom Reed\n\n{STORY}\n\n© 2015 Daily Post"
    assert seen.mark(Report("d", page)) == ("a", "exact")
    assert seen.mark(Report("e", STORY.replace("trawlers", "boats"))) == ("a", "near")
    assert seen.mark(Report("f", STORY.replace("trawlers", "boats"))) == ("a", "exact")
    assert seen.mark(Report("g", STORY[: len(STORY) // 2])) is None
    assert seen.mark(Report("h", f"{STORY[:120]} {OTHER}")) is None


def test_short_reports_are_duplicates_only_word_for_word() -> None:
    seen = Duplicates()
    marks = [
        seen.mark(Report(str(i), text)) for i, text in enumerate(("Talks failed.", "Talks resumed.", "TALKS FAILED"))
    ]
    assert marks == [None, None, ("0", "exact")]


def test_marks_are_the_same_every_time() -> None:
    words = STORY.split()
    stream = [Report(str(i), " ".join([*words[: len(words) - i % 17], str(i % 5)])) for i in range(100)]
    one, two = ([seen.mark(report) for report in stream] for seen in (Duplicates(), Duplicates()))
    assert one == two and {mark[1] for mark in one if mark} == {"exact", "near"}
