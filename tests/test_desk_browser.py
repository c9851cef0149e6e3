"""The desk in a browser: today, a report, an event, corrections; by hand, by keyboard, and under hostile text."""

import json
import re
from urllib.parse import quote

import pytest
from desk import HOSTILE, SCHEMES, WIDTHS, browser, desk, fits, open_page, settled, until, violations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

__all__ = ["browser", "desk", "open_page"]  # fixtures

REPORT = "/report/hw-1229"
VIEWS = {
    "today": "/?since=2014-12-22",
    "today filtered": "/?actor=PRK&status=actual&status=future&quad=1&since=2014-12-01&confidence=0.4",
    "today without events": "/?actor=PRK&since=2030-01-01",
    "reports": "/?show=reports&q=Moscow",
    "report": REPORT,
    "event": None,  # the one that most reports tell
    "corrections": "/corrections",
    "nowhere": "/no/such/page",
}


def ask(page, path):
    """The server's JSON of this moment."""
    return page.evaluate("path => fetch(path, { cache: 'no-store' }).then(answer => answer.json())", path)


def event_with(page, condition, query="limit=500"):
    return next(event for event in ask(page, f"/api/events?{query}")["events"] if condition(event))


def items(page, kind):
    return page.locator(f"main [data-item={kind}]")


# Every view, at every width, light and dark. -----------------------------------------------------------------------


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_opens_fits_and_is_accessible(open_page, name):
    page = open_page(VIEWS[name] or "/?sort=reports", errors="404" if name == "nowhere" else None)
    if name == "event":
        items(page, "event").first.click()
        page.wait_for_url("**/event/*")
        settled(page)
        page.get_by_role("button", name="Codes and corrections").first.click()
    if name == "report":
        items(page, "mark").nth(1).click()
        page.get_by_role("button", name="Correct this").click()
    turn = list(VIEWS).index(name)  # light and dark by turns, so that every width is seen in both
    for i, width in enumerate(WIDTHS):
        scheme = SCHEMES[(turn + i) % 2]
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert fits(page), f"{name} is wider than {width}"
        assert violations(page) == [], f"{name} at {width}, {scheme}"


@pytest.mark.parametrize("width", [1440, 390])
def test_menus_and_help_are_accessible(open_page, width):
    page = open_page(VIEWS["today without events"], width)
    for opener in ("Filters", "Saved views"):
        page.get_by_role("button", name=opener, exact=True).click()
        assert fits(page)
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keys").wait_for(state="hidden")


def test_the_theme_that_was_chosen_stays(open_page):
    page = open_page("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.evaluate(ground) != light
    page.reload()
    settled(page)
    assert page.evaluate(ground) != light


# Filters, search, days, saved views. -------------------------------------------------------------------------------


def shown(page):
    return int(re.sub(r"\D", "", page.locator(".list-count").inner_text()))


def test_filters_live_in_the_url_and_count_what_the_server_counts(open_page):
    page = open_page("/")
    everything = shown(page)
    page.keyboard.press("/")
    page.keyboard.type("North Kor")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?actor=*")
    settled(page)
    some = shown(page)
    assert 0 < some < everything
    page.get_by_role("button", name="Filters", exact=True).click()
    page.get_by_label("future", exact=True).check()
    page.wait_for_url("**status=future*")
    settled(page)
    assert 0 < shown(page) < some
    assert shown(page) == ask(page, f"/api/events{page.evaluate('location.search')}")["total"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take out status future").click()
    settled(page)
    assert shown(page) == some
    page.go_back()
    page.wait_for_url("**status=future*")
    page.get_by_role("button", name="Clear all").click()
    until(page, "location.search === ''")
    settled(page)
    assert shown(page) == everything


def test_a_filter_that_cannot_be_read_is_told_in_a_sentence(open_page):
    page = open_page("/?deed=DANCE", errors="400")
    assert "DANCE" in page.get_by_role("alert").first.inner_text()


def test_words_search_the_reports(open_page):
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("leaflets balloons")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=leaflets*")
    settled(page)
    assert 0 < shown(page) < 200
    page.get_by_role("button", name="Reports", exact=True).click()
    page.wait_for_selector(".report-list mark")
    assert page.locator(".report-list mark").first.inner_text().lower().startswith(("leaflet", "balloon"))
    items(page, "report").first.click()
    page.wait_for_url("**/report/*")
    settled(page)
    assert re.search("leaflets", page.locator(".report-text").inner_text(), re.IGNORECASE)


def test_the_strip_of_days_chooses_days(open_page):
    page = open_page("/")
    before = shown(page)
    box = page.locator(".days-bars").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 20, steps=4)
    page.mouse.up()
    page.wait_for_url("**since=*")
    settled(page)
    assert 0 < shown(page) < before
    chosen = page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
    assert chosen["since"] < chosen["until"]
    page.get_by_role("button", name="All days").click()
    until(page, "location.search === ''")


def test_a_view_is_saved_under_a_name_and_opened_again(open_page):
    page = open_page("/?deed=CONSULT&status=future")
    page.get_by_role("button", name="Saved views").click()
    page.get_by_label("Save what is shown now as").fill("Visits to come")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Visits to come").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear all").click()
    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("link", name="Visits to come").click()
    page.wait_for_url("**/?deed=CONSULT&status=future")
    page.get_by_role("button", name="Delete the view Visits to come").click()
    page.get_by_text("None yet").wait_for()


def test_more_pages_come_when_asked_and_are_there_on_the_way_back(open_page):
    page = open_page("/")
    assert items(page, "event").count() == 50
    page.get_by_role("button", name="Show more").click()
    until(page, "document.querySelectorAll('main [data-item=event]').length === 100")
    ids = page.evaluate("[...document.querySelectorAll('[data-item=event]')].map(a => a.href)")
    assert len(set(ids)) == 100
    items(page, "event").nth(80).click()
    page.wait_for_url("**/event/*")
    settled(page)
    assert page.evaluate("scrollY") == 0
    page.go_back()
    until(page, "document.querySelectorAll('main [data-item=event]').length === 100")
    until(page, "scrollY > 1000")
    assert page.evaluate("document.activeElement.href") == ids[80]


# From an event to its sentence. ------------------------------------------------------------------------------------


def test_from_an_event_to_its_sentence_and_why(open_page):
    page = open_page("/?deed=REQUEST&actor=Kim+Jong-un")
    event = event_with(
        page, lambda e: "meet" in e["modes"] and e["targets"] and e["claimants"], "deed=REQUEST&limit=500"
    )
    page.goto(page.url.split("/?")[0] + f"/event/{event['event_id']}")
    settled(page)
    assert "REQUEST/meet" in page.locator("h1").inner_text()
    items(page, "mention").first.click()
    page.wait_for_url("**/report/*?mention=*")
    settled(page)
    mark = page.locator(".mark.current")
    assert mark.inner_text() == event["quote"]["text"][slice(*event["quote"]["trigger"])]
    assert page.evaluate("document.activeElement.classList.contains('mark')")
    side = page.get_by_role("complementary", name="The chosen mark")
    for words in ("REQUEST/meet", "actual", event["targets"][0]["country"], event["claimants"][0]["name"]):
        assert words in side.inner_text()
    assert {"source", "target", "claimant"} <= set(
        page.locator(".report-text .above").evaluate_all("a => a.map(x => x.dataset.label)")
    )
    assert "Why it is coded so" in side.inner_text()
    side.get_by_role("link", name="The event, with all reports that tell it").click()
    page.wait_for_url(f"**/event/{event['event_id']}")


def test_the_text_is_shown_as_published_with_every_mention_marked(open_page):
    page = open_page(REPORT)
    answer = ask(page, "/api/reports/hw-1229")
    text = page.evaluate("document.querySelector('.report-text').textContent")
    assert text == answer["report"]["text"]
    marked = page.evaluate("[...document.querySelectorAll('.mark')].flatMap(m => m.dataset.mentions.split(' '))")
    assert set(marked) == {mention["mention_id"] for mention in answer["mentions"]}


def test_disagreements_stand_side_by_side_with_their_sentences(open_page):
    page = open_page("/")
    event = event_with(page, lambda e: e["disagreements"], "sort=reports&limit=500")
    page.goto(page.url + f"event/{event['event_id']}")
    settled(page)
    versions = page.locator(".version")
    assert versions.count() >= 2
    assert all(versions.nth(i).locator(".quote").count() for i in range(versions.count()))
    assert page.locator(".timeline li").count() >= 1


# By keyboard alone. ------------------------------------------------------------------------------------------------


def test_the_keyboard_alone_goes_from_the_list_to_a_mark_and_back(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    until(page, "document.activeElement.id === 'main'")
    for key in "jjk":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement === document.querySelectorAll('[data-item=event]')[0]")
    page.keyboard.press("j")
    href = page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    page.wait_for_url(href)
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report/*")
    settled(page)
    until(page, "document.activeElement.matches('.mark')")
    first = page.evaluate("document.activeElement.dataset.mentions")
    page.keyboard.press("j" if page.evaluate("document.querySelector('.mark') === document.activeElement") else "k")
    until(page, f"document.activeElement.dataset.mentions !== {json.dumps(first)}")
    assert page.evaluate("new URLSearchParams(location.search).get('mention')") in page.evaluate(
        "document.activeElement.dataset.mentions"
    )
    for key in ("g", "c"):
        page.keyboard.press(key)
    page.wait_for_url("**/corrections")
    for key in ("g", "t"):
        page.keyboard.press(key)
    until(page, "location.pathname === '/'")


def test_letters_typed_into_a_field_are_no_commands(open_page):
    page = open_page("/")
    page.keyboard.press("/")
    page.keyboard.type("gc?jk/")
    assert page.evaluate("document.activeElement.value") == "gc?jk/"
    assert page.evaluate("location.pathname") == "/"


# Corrections. ------------------------------------------------------------------------------------------------------


def test_a_correction_is_made_seen_in_today_listed_and_withdrawn(open_page):
    today = open_page("/?q=leaflets")
    page = open_page(REPORT)
    mention = next(m for m in ask(page, "/api/reports/hw-1229")["mentions"] if m["deed"] == "AGREE")
    page.goto(page.url + f"?mention={mention['mention_id']}")
    settled(page)
    page.get_by_role("button", name="Correct this").click()
    page.get_by_label("Deed", exact=True).select_option("COOPERATE")
    page.get_by_label("Why (may be left out)").fill("a test of the desk")
    page.get_by_label("Your name").fill("The Tester")
    page.get_by_role("button", name="Save the correction").click()
    page.get_by_text("corrected: deed").wait_for()
    assert "COOPERATE" in page.locator(".mention-facts").inner_text()

    today.get_by_role("button", name="Show", exact=True).wait_for(timeout=60_000)
    assert today.locator(".flag-corrected").count() == 0, "the list must not move under the reader's eyes"
    today.get_by_role("button", name="Show", exact=True).click()
    today.locator(".flag-corrected").first.wait_for()
    row = today.locator(".event", has=today.locator(".flag-corrected"))
    assert "COOPERATE" in row.first.inner_text()

    page.goto(page.url.split("/report")[0] + "/corrections")
    settled(page)
    told = page.locator(".history").inner_text()
    assert "AGREE" in told and "COOPERATE" in told and "The Tester" in told and "a test of the desk" in told
    gold = page.evaluate("fetch(document.querySelector('a[download]').href).then(answer => answer.text())")
    assert [json.loads(line) for line in gold.splitlines()]
    page.get_by_role("button", name="Withdraw: deed").click()
    page.get_by_text("withdrawn by The Tester").wait_for()
    after = next(m for m in ask(page, "/api/reports/hw-1229")["mentions"] if m["mention_id"] == mention["mention_id"])
    assert (after["deed"], after["corrected"]) == (mention["deed"], [])


def test_actors_place_and_time_are_mended_by_the_words_of_the_report(open_page):
    page = open_page("/report/hostile-bidi")
    mention = ask(page, "/api/reports/hostile-bidi")["mentions"][0]
    page.goto(page.url + f"?mention={mention['mention_id']}")
    settled(page)

    def mend(what, fill):
        page.get_by_role("button", name="Correct this").click()
        page.get_by_label("What is wrong").select_option(label=what)
        fill()
        page.get_by_label("Your name").fill("The Tester")
        page.get_by_role("button", name="Save the correction").click()
        page.get_by_role("button", name="Correct this").wait_for()

    def target():
        for _ in mention["targets"]:
            page.get_by_role("button", name="Remove actor 1").click()
        page.get_by_role("button", name="Add an actor").click()
        page.get_by_label("Words of the report").fill("officials")
        page.get_by_label("Country").fill("irn")
        page.get_by_label("Sectors").fill("gov")

    def place():
        none = page.get_by_label("The report tells no place")
        none.uncheck()
        page.get_by_label("Words that tell it").fill("Ankara")
        page.get_by_label("Country").fill("TUR")

    def time():
        page.get_by_label("The report tells no time").uncheck()
        page.get_by_label("First day").fill("2014-12-19")
        page.get_by_label("Last day").fill("2014-12-19")
        page.get_by_label("Words that tell it").fill("Friday")

    mend("To whom", target)
    mend("Where", place)
    mend("When", time)
    mended = ask(page, "/api/reports/hostile-bidi")["mentions"][0]
    text = HOSTILE[1]["text"]
    (actor,) = mended["targets"]
    assert (text[actor["start"] : actor["end"]], actor["country"], actor["sectors"]) == ("officials", "IRN", ["GOV"])
    where, when = mended["where"], mended["when"]
    assert text[where["span"]["start"] : where["span"]["end"]] == "Ankara" and where["country"] == "TUR"
    assert (when["start"], text[when["span"]["start"] : when["span"]["end"]]) == ("2014-12-19", "Friday")


def test_what_the_server_refuses_is_told_and_nothing_is_lost(open_page):
    page = open_page(REPORT, errors="400")
    items(page, "mark").first.click()
    page.get_by_role("button", name="Correct this").click()
    page.get_by_label("Modes").fill("dancing")
    page.get_by_label("Your name").fill("The Tester")
    page.get_by_role("button", name="Save the correction").click()
    assert "dancing" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Modes").input_value() == "dancing"


# Hostile reports. --------------------------------------------------------------------------------------------------

AS_PUBLISHED = """() => { const copy = document.querySelector('.report-text').cloneNode(true);
    copy.querySelectorAll('[data-control]').forEach(control => control.replaceWith(control.dataset.control));
    return copy.textContent; }"""
MADE_BY_US = "document.querySelectorAll('main script, main img, main iframe, main b').length"


@pytest.mark.parametrize("report", HOSTILE, ids=lambda report: report["id"])
def test_a_hostile_report_is_shown_as_the_text_it_is(open_page, report):
    page = open_page("/report/" + quote(report["id"], safe=""))
    assert page.evaluate(MADE_BY_US) == 0
    assert page.evaluate("window.broken") is None
    assert page.evaluate(AS_PUBLISHED) == report["text"]
    assert not re.search(
        "[\u202a-\u202e\u2066-\u2069]", page.evaluate("document.querySelector('main').textContent + document.title")
    )
    assert page.locator("a[href^='javascript:' i]").count() == 0
    for mention in ask(page, "/api/reports/" + quote(report["id"], safe=""))["mentions"]:
        words = page.locator(f".mark[data-mentions~='{mention['mention_id']}']").evaluate_all(
            "m => m.map(x => x.textContent).join('')"
        )
        assert words == mention["trigger"]["text"]
    assert fits(page)


def test_hostile_reports_are_text_in_the_lists_too(open_page):
    page = open_page("/?q=script+OR+neddih+OR+Colombian&show=reports")
    assert items(page, "report").count() == len(HOSTILE)
    for shown_as_text in (HOSTILE[0]["title"], HOSTILE[0]["publisher"]):
        assert shown_as_text in page.locator(".report-list").inner_text()
    page.get_by_role("button", name="Events", exact=True).click()
    page.wait_for_selector(".event")
    assert (page.evaluate(MADE_BY_US), page.evaluate("window.broken")) == (0, None)
    event = ask(page, "/api/reports/hostile-tags")["mentions"][0]["event_id"]
    page.goto(page.url.split("/?")[0] + f"/event/{event}")
    settled(page)
    assert HOSTILE[0]["publisher"] in page.locator("main").inner_text()
    assert (page.evaluate(MADE_BY_US), page.evaluate("window.broken")) == (0, None)


@pytest.fixture(scope="module")
def library(browser, desk):
    """A page with the desk's own modules, to call their functions."""
    page = browser.new_page()
    page.goto(desk + "/corrections")
    page.evaluate("""async () => { window.lib = Object.assign({}, ...await Promise.all(
        ['text', 'marks', 'preact', 'api', 'ui'].map(name => import(`/static/lib/${name}.js`)))); }""")
    yield page
    page.close()


HOSTILE_TEXT = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_characters="\0"),
        st.sampled_from("<>&\"'`\u202e\u2066\u200f\U0001f600\x07"),
    ),
    min_size=1,
    max_size=60,
)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(text=HOSTILE_TEXT, data=st.data())
def test_any_sentence_with_any_spans_is_shown_whole_and_marked_where_told(library, text, data):
    ends = st.tuples(*[st.integers(0, len(text))] * 2).map(sorted)
    spans = data.draw(st.lists(st.tuples(st.sampled_from(["source", "target", "time", "place"]), ends), max_size=5))
    quote = {
        "text": text,
        "trigger": data.draw(ends),
        "spans": [{"role": r, "start": s, "end": e} for r, (s, e) in spans],
    }
    shown, elements, marked = library.evaluate(
        """quote => { const box = document.createElement('div');
        lib.render(lib.html`<${lib.Quote} quote=${quote} />`, box);
        box.querySelectorAll('.role-label').forEach(label => label.remove());
        box.querySelectorAll('[data-control]').forEach(c => c.replaceWith(c.dataset.control));
        return [box.textContent, [...new Set([...box.querySelectorAll('*')].map(e => e.localName))],
            [...box.querySelectorAll('.role-trigger')].map(e => e.textContent).join('')]; }""",
        quote,
    )
    assert shown == text
    assert set(elements) <= {"span"}
    assert marked == text[slice(*quote["trigger"])]


@SLOW
@given(text=HOSTILE_TEXT)
def test_offsets_go_to_the_browser_and_back(library, text):
    there, back = library.evaluate(
        """([text, n]) => { const { unit, point } = lib.offsets(text);
        const units = Array.from({ length: n + 1 }, (_, i) => unit(i));
        return [units.map(u => text.slice(0, u)), units.map(point)]; }""",
        [text, len(text)],
    )
    assert there == [text[:i] for i in range(len(text) + 1)]
    assert back == list(range(len(text) + 1))


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://example.org/a?b=c", True), ("http://example.org", True), ("javascript:alert(1)", False),
        (" JavaScript:alert(1)", False), ("data:text/html,<script>", False), ("vbscript:x", False),
        ("file:///etc/passwd", False), ("//example.org", False), ("no address", False), ("java\nscript:x", False),
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(library, url, leads):
    link = library.evaluate(
        """url => { const box = document.createElement('div'); lib.render(lib.html`<${lib.Outside} url=${url} />`, box);
        const a = box.querySelector('a'); return a && [a.protocol, a.rel, a.target]; }""",
        url,
    )
    assert (link is not None) is leads
    if leads:
        assert link[0] in ("http:", "https:") and "noreferrer" in link[1] and "noopener" in link[1]


def test_no_module_of_ours_writes_html_or_runs_text_as_code():
    from pathlib import Path

    import legation.desk

    for path in (Path(legation.desk.__file__).parent / "static").rglob("*.js"):
        if "vendor" not in path.parts:
            code = path.read_text(encoding="utf-8")
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(.style",
                code,
            ), path.name
