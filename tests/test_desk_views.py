"""The views of the desk that follow from the events, in a browser: relation, map, network, agenda, ledger, forecast,
actors, query; and what places their marks."""

import json
import re
import time
from calendar import monthrange
from itertools import pairwise
from urllib.request import urlopen

import pytest
from desk import browser, desk, fits, open_page, settled, until, violations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

__all__ = ["browser", "desk", "open_page"]  # fixtures

PAIR = "/relation?source=PRK&target=USA"
VIEWS = {
    "relation": f"{PAIR}&by=week&at=2014-12-22",
    "map": "/map?at=127,37,6&open=PRK",
    "network": "/network?who=PRK-GOV",
    "agenda": "/agenda?month=2014-11",
    "ledger": "/ledger?disputed=true&group=claimant",
    "forecast": "/forecast?source=PRK&target=USA",
    "actors": "/actors?q=Kim",
    "actor": "/actor?id=PRK&at=2014-11-01",
    "query": "/query",
}
LOOKS = ((1440, "light"), (390, "dark"))


def ask(page, path):
    """The server's JSON, as the page would get it."""
    return page.evaluate("path => fetch(path).then(answer => answer.json())", path)


def items(page, kind):
    return page.locator(f"main [data-item={kind}]")


@pytest.fixture(scope="module", autouse=True)
def indexed(desk):
    """The desk has taken in its whole store, so that what one page counts is what the next one shows."""
    end = time.monotonic() + 60
    while True:
        with urlopen(f"{desk}/api/store") as answer:
            told = json.load(answer)
        if told["indexing"] is None and told["events"]:
            return
        assert time.monotonic() < end, told
        time.sleep(0.1)


def address(page, name):
    return page.evaluate("name => new URLSearchParams(location.search).get(name)", name)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_opens_fits_and_is_accessible(open_page, name):
    page = open_page(VIEWS[name])
    if name == "forecast":
        page.get_by_role("button", name="Forecast", exact=True).click()
        page.get_by_role("region", name="Probabilities").wait_for()
    for summary in page.locator("main summary").all():
        summary.click()
    page.set_viewport_size({"width": 1024, "height": 900})
    assert fits(page), f"{name} is wider than 1024"
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        settled(page)
        assert fits(page), f"{name} is wider than {width}"
        assert violations(page) == [], f"{name} at {width}, {scheme}"


# Relation. ---------------------------------------------------------------------------------------------------------


def test_two_actors_are_named_and_a_bin_lists_its_events(open_page):
    page = open_page("/relation")
    for label, words in (("One actor", "north korea"), ("The other", "United States")):
        page.get_by_role("combobox", name=label).fill(words)
        page.keyboard.press("Enter")
    chart = page.get_by_role("slider")
    chart.wait_for()
    assert (address(page, "source"), address(page, "target")) == ("PRK", "USA")
    bins = ask(page, "/api/relation?source=PRK&target=USA")["bins"]
    chart.focus()
    page.keyboard.press("End")
    assert f"{bins[-1]['events']} events" in chart.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    behind = page.get_by_role("region", name="November 2014")
    behind.locator("[data-item=event]").first.wait_for()
    assert address(page, "at") == bins[-2]["start"] == "2014-11-01"
    assert behind.locator("[data-item=event]").count() == bins[-2]["events"]
    behind.locator("[data-item=event]").first.click()
    page.wait_for_url("**/event/*")
    settled(page)


def test_the_figures_of_a_relation_lead_to_what_they_count(open_page):
    page = open_page(PAIR)
    figure = page.get_by_role("link", name=re.compile("that happened"))
    told = int(figure.inner_text().split()[0])
    bins = ask(page, "/api/relation?source=PRK&target=USA")["bins"]
    assert told == sum(row["events"] for row in bins) > 0
    quads = [sum(row["quads"][i] for row in bins) for i in range(4)]
    assert [int(n) for n in page.locator(".figure-box .quad-legend b").all_inner_texts()] == quads
    figure.click()
    page.wait_for_url("**/?*dyad*")
    listed = ask(page, "/api/events?dyad=PRK,USA&status=actual&status=historical")["total"]
    assert told <= listed  # what is told as history without a date is in no bin
    until(page, f"document.querySelector('.list-count')?.innerText.startsWith('{listed} event')")


def test_bins_of_a_relation_change_and_its_table_says_the_same(open_page):
    page = open_page(PAIR)
    page.get_by_role("button", name="Days").click()
    until(page, "new URLSearchParams(location.search).get('by') === 'day'")
    bins = ask(page, "/api/relation?source=PRK&target=USA&by=day")["bins"]
    page.get_by_text("The same as a table").click()
    rows = page.get_by_role("region", name="Bins", exact=True).locator("tbody tr")
    until(page, f"document.querySelectorAll('.twin tbody tr').length === {len(bins)}")
    cells = rows.first.locator("td").all_inner_texts()
    assert [int(cell) for cell in cells[:4]] == bins[0]["quads"]


def test_the_busiest_pairs_are_offered_where_none_is_named(open_page):
    page = open_page("/relation")
    items(page, "pair").first.click()
    page.get_by_role("slider").wait_for()
    assert address(page, "source") and address(page, "target")


def test_an_actor_that_is_none_is_told_in_a_sentence(open_page):
    page = open_page("/relation?source=nobody%20of%20this%20name&target=USA", errors="400")
    assert "is no country" in page.get_by_role("alert").inner_text()


# Map. --------------------------------------------------------------------------------------------------------------


def test_a_place_of_the_map_opens_its_events(open_page):
    page = open_page("/map")
    place = ask(page, "/api/places")["places"][0]
    button = items(page, "place").first
    assert place["name"] in button.inner_text()
    button.click()
    behind = page.get_by_role("region", name=place["name"], exact=True)
    behind.locator("[data-item=event]").first.wait_for()
    assert behind.locator("[data-item=event]").count() == place["events"]
    behind.get_by_role("button", name="Close").click()
    assert address(page, "open") is None


def test_a_round_that_gathers_places_opens_into_them(open_page):
    page = open_page("/map")
    rounds = page.locator(".round")
    rounds.first.wait_for()
    gathered = page.locator(".round", has_text=re.compile("other place")).first
    gathered.click()
    here = page.get_by_role("region", name="Places gathered")
    told = here.get_by_role("heading").inner_text()
    assert told == f"{here.locator('[data-item=place]').count()} places here"
    here.locator("[data-item=place]").first.click()
    page.locator(".map-opened [data-item=event]").first.wait_for()


def test_the_map_moves_by_keyboard_and_the_address_keeps_where(open_page):
    page = open_page("/map")
    land = page.locator(".countries path")
    land.first.wait_for()
    coarse = land.count()
    page.locator("svg.map").focus()
    for key in ("+", "+", "+", "+", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    until(page, "new URLSearchParams(location.search).has('at')")
    until(page, f"document.querySelectorAll('.countries path').length > {coarse}")  # the finer shapes
    kept = page.locator("svg.map > g").first.get_attribute("transform")
    page.reload()
    settled(page)
    page.locator(".countries path").first.wait_for()
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", page.locator("svg.map > g").first.get_attribute("transform"))]
    assert numbers == pytest.approx([float(n) for n in re.findall(r"-?[\d.]+", kept)], abs=2)
    page.get_by_role("button", name="Show all").click()
    until(page, "!new URLSearchParams(location.search).has('at')")


def test_a_country_is_shaded_and_opens_from_the_list(open_page):
    page = open_page("/map")
    shaded = ask(page, "/api/places")["countries"]
    page.locator(".countries path").first.wait_for()
    assert page.locator(".country:not(.shade-0)").count() == len([code for code in shaded if code != "UNO"])
    page.get_by_role("button", name="Countries").click()
    code, most = max(shaded.items(), key=lambda item: item[1]["events"])
    items(page, "country").first.click()
    page.locator(".map-opened .day-count").first.wait_for()
    assert address(page, "open") == code
    assert f"{most['events']} event" in page.locator(".map-opened .behind-head .day-count").inner_text()


def test_filters_and_days_narrow_the_map(open_page):
    page = open_page("/map?status=actual")
    before = page.locator(".page-head p").inner_text()
    page.goto(page.url + "&since=2014-12-01")
    settled(page)
    places = ask(page, "/api/places?status=actual&since=2014-12-01")["places"]
    assert page.locator(".page-head p").inner_text() != before
    assert items(page, "place").count() == len(places)


def test_a_map_of_nothing_says_what_to_do(open_page):
    page = open_page("/map?since=2030-01-01")
    assert "Take one out above" in page.locator(".map-list .empty").inner_text()


# Network. ----------------------------------------------------------------------------------------------------------


def test_an_actor_of_the_network_is_chosen_by_keyboard(open_page):
    page = open_page("/network")
    page.locator(".node").first.wait_for()
    page.locator(".node[tabindex='0']").focus()
    before = page.evaluate("document.activeElement.dataset.node")
    page.keyboard.press("ArrowRight")
    after = page.evaluate("document.activeElement.dataset.node")
    assert before != after
    assert page.locator(".tie.lit").count() == page.evaluate(
        "new Set([...document.querySelectorAll('.node.near')].map(node => node.dataset.node)).size - 1"
    )
    page.keyboard.press("Enter")
    until(page, "new URLSearchParams(location.search).has('who')")
    assert address(page, "who") == after
    panel = page.get_by_role("region", name="The chosen actor")
    links = ask(page, "/api/network?most=100")["links"]
    partners = {link["target"] if link["source"] == after else link["source"] for link in links
                if after in (link["source"], link["target"])} - {after}  # fmt: skip
    assert panel.locator("tbody tr").count() == len(partners)
    panel.get_by_role("link", name="Events").click()
    page.wait_for_url("**/?actor=*")


def test_cooperation_and_conflict_are_told_apart(open_page):
    page = open_page("/network")
    page.locator(".tie").first.wait_for()
    links = ask(page, "/api/network?most=100")["links"]
    places = page.locator(".node").evaluate_all("all => all.map(node => node.getAttribute('cx'))")
    for name in ("Cooperation", "Conflict"):
        page.get_by_role("button", name=name, exact=True).click()
        pairs = {frozenset((link["source"], link["target"])) for link in links if link[name.lower()]}
        drawn = len([pair for pair in pairs if len(pair) == 2])
        until(page, f"document.querySelectorAll('.tie').length === {drawn}")
    moved = page.locator(".node").evaluate_all("all => all.map(node => node.getAttribute('cx'))")
    assert moved == places  # so that the eye can compare
    page.get_by_text("The links as a table").click()
    told = len([link for link in links if link["conflict"]])
    until(page, f"document.querySelectorAll('.twin tbody tr').length === {told}")  # made when it is opened


def test_the_relation_of_two_opens_from_the_network(open_page):
    page = open_page("/network?who=PRK-GOV")
    page.get_by_role("region", name="The chosen actor").get_by_role("link", name=re.compile("^Relation")).first.click()
    page.wait_for_url("**/relation?*")
    settled(page)
    page.get_by_role("slider").wait_for()


GRAPH = """([nodes, links]) => import("/static/parts/graph.js").then((graph) => {
  const strongest = graph.ties(links, "both");
  const [one, other] = [0, 1].map(() => graph.layout(nodes, strongest, 900, 640));
  const discs = nodes.map((node) => ({ text: node.name, id: node.id, ...one.get(node.id) }));
  discs.sort((a, b) => b.r - a.r);
  const buttons = { left: 0, right: 46, top: 0, bottom: 124 };
  const written = graph.labels(discs, (text) => 6.5 * text.length, 900, 640, [buttons]);
  return { discs, written, same: JSON.stringify([...one]) === JSON.stringify([...other]) };
})"""


def test_a_network_of_200_actors_is_the_same_each_time_and_can_be_read(open_page):
    page = open_page("/query")
    nodes = [{"id": f"a{i}", "name": f"Actor number {i}", "events": 3000 // (i + 1)} for i in range(200)]
    links = [{"source": f"a{i}", "target": f"a{i * j % 197}", "cooperation": 40 // (i + 1) + 1, "conflict": j}
             for i in range(200) for j in range(2, 12)]  # fmt: skip
    found = page.evaluate(GRAPH, [nodes, links])
    assert found["same"]
    assert len(found["discs"]) == 200
    for disc in found["discs"]:
        assert disc["r"] <= disc["x"] <= 900 - disc["r"] and disc["r"] <= disc["y"] <= 640 - disc["r"]
    apart = [(a, b) for i, a in enumerate(found["discs"]) for b in found["discs"][:i]
             if (a["x"] - b["x"]) ** 2 + (a["y"] - b["y"]) ** 2 < (0.8 * (a["r"] + b["r"])) ** 2]  # fmt: skip
    assert len(apart) <= 2
    boxes = [(w["x"], w["x"] + 6.5 * len(w["text"]), w["y"] - 11, w["y"] + 3) for w in found["written"]]
    assert len(boxes) > 60
    assert [1 for i, a in enumerate(boxes) for b in boxes[:i]
            if a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]] == []  # fmt: skip
    assert all(left > 46 or top > 124 for left, _, top, _ in boxes)
    assert {"a0", "a1", "a2", "a3", "a4"} <= {label["id"] for label in found["written"]}


# Agenda and ledger. ------------------------------------------------------------------------------------------------


def test_the_calendar_turns_its_months_and_a_plan_opens(open_page):
    page = open_page("/agenda?month=2014-11")
    plans = ask(page, "/api/agenda")["plans"]
    within = [p for p in plans if p["start"] and p["start"] <= "2014-11-30" and p["end"] >= "2014-11-01"]
    assert page.get_by_role("heading", name=re.compile(f"November 2014 {len(within)} plan")).is_visible()
    page.get_by_role("button", name="Month after").click()
    page.get_by_role("heading", level=2, name=re.compile("December 2014")).wait_for()
    assert address(page, "month") == "2014-12"
    page.get_by_role("button", name="Month before").click()
    page.get_by_role("heading", level=2, name=re.compile("November 2014")).wait_for()
    items(page, "plan").first.click()
    page.wait_for_url("**/event/*")
    settled(page)


def test_plans_of_one_fate_are_left_and_their_rates_stay(open_page):
    page = open_page("/agenda")
    rates = page.locator("main table tbody tr").count()
    page.get_by_role("button", name="Confirmed").click()
    until(page, "new URLSearchParams(location.search).get('fate') === 'confirmed'")
    confirmed = ask(page, "/api/agenda?fate=confirmed")["plans"]
    until(page, f"document.querySelector('.page-head p').innerText.startsWith('{len(confirmed)} plan')")
    assert set(page.locator(".row .fate").all_text_contents()) == {"confirmed"}
    assert page.locator("main table tbody tr").count() == rates


def test_an_agenda_of_nobody_says_what_to_do(open_page):
    page = open_page("/agenda?actor=FJI")
    assert "No plan passes" in page.locator(".empty").inner_text()


def test_a_contradiction_is_shown_side_by_side_down_to_the_sentence(open_page):
    page = open_page("/ledger")
    page.get_by_role("button", name="Contradicted").click()
    claims = ask(page, "/api/claims?disputed=true")["claims"]
    until(page, f"document.querySelectorAll('.claim').length === {len(claims)}")
    first = page.locator(".claim").first
    told = first.locator(".contradictions").inner_text()
    other = claims[0]["contradicted"][0]
    assert other["field"] in told and other["claimed"] in told and other["value"] in told
    first.get_by_role("button", name=re.compile("Show")).click()
    sentence = first.locator(".sentences a").first
    words = sentence.inner_text().strip("“”")
    sentence.click()
    page.wait_for_url("**/report/*")
    settled(page)
    assert words.split()[-3:][0] in page.locator("main").inner_text()


def test_claims_are_asked_for_by_claimant(open_page):
    page = open_page("/ledger?claimant=RUS")
    claims = ask(page, "/api/claims?claimant=RUS")["claims"]
    assert page.locator(".claim").count() == len(claims) > 0
    assert all("RUS" in words for words in page.locator(".claim .row-main > .party").all_inner_texts())


# Forecast. ---------------------------------------------------------------------------------------------------------


def test_a_forecast_is_made_when_asked_for_and_tells_what_it_rests_on(open_page):
    page = open_page("/forecast")
    page.get_by_role("combobox", name="Source").fill("PRK")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Forecast", exact=True).click()
    table = page.get_by_role("region", name="Probabilities")
    table.wait_for()
    answer = ask(page, "/api/forecast?source=PRK")
    assert table.locator("tbody tr").count() == 4
    first = answer["outlooks"][0]["probability"]
    shown = table.locator("td b").first.inner_text()
    assert shown == ("under 1%" if first < 0.005 else f"{round(first * 100)}%")
    assert "past event" in page.locator(".outlooks").inner_text()


def test_planned_acts_lead_to_their_events(open_page):
    page = open_page("/forecast?day=2014-12-01")
    planned = ask(page, "/api/forecast/planned?day=2014-12-01")["planned"]
    assert items(page, "plan").count() == len(planned) > 0
    items(page, "plan").first.click()
    page.wait_for_url("**/event/*")


def test_a_day_before_all_events_is_refused_in_a_sentence(open_page):
    page = open_page("/forecast?source=PRK&target=USA&day=1900-01-01", errors="400")
    page.get_by_role("button", name="Forecast", exact=True).click()
    assert "choose a later day" in page.get_by_role("alert").first.inner_text()


# Actors. -----------------------------------------------------------------------------------------------------------


def test_an_actor_is_found_opened_and_its_month_lists_its_events(open_page):
    page = open_page("/actors")
    page.get_by_label("Name or code").fill("PRK")
    until(page, "new URLSearchParams(location.search).get('q') === 'PRK'")
    found = ask(page, "/api/actors?q=PRK")
    until(page, f"document.querySelector('.page-head p').innerText.startsWith('{found['total']} actor')")
    page.get_by_role("heading", name="Actors").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/actor?*")
    months = page.get_by_role("slider")
    months.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".behind [data-item=event]").first.wait_for()
    told = re.search(r": (\d+) event", months.get_attribute("aria-valuetext"))
    begun = page.locator(".behind-head .day-count").inner_text()
    assert begun.startswith(f"{told[1]} event")


def test_an_unknown_actor_is_told_in_a_sentence(open_page):
    page = open_page("/actor?id=nobody", errors="404")
    assert "nobody" in page.get_by_role("alert").inner_text()


# Query. ------------------------------------------------------------------------------------------------------------


def run(page, sql):
    page.get_by_label("SQL").fill(sql)
    page.keyboard.press("Control+Enter")
    until(page, "!document.querySelector('.query-run .primary').disabled")


def test_a_query_gives_a_table_and_a_plot(open_page):
    page = open_page("/query")
    page.get_by_role("button", name="Deeds by status").click()
    page.get_by_role("button", name="Run", exact=True).click()
    rows = page.get_by_role("region", name="Rows").locator("tbody tr")
    rows.first.wait_for()
    assert f"{rows.count()} rows" in page.get_by_role("status").inner_text()
    assert "deed, status" in address(page, "sql")
    page.get_by_role("button", name="Plot").click()
    for kind in ("Bars", "Line", "Dots"):
        page.get_by_role("button", name=kind).click()
        page.locator("svg.plot").wait_for()
    assert violations(page) == []


def test_values_are_shown_as_they_are(open_page):
    page = open_page("/query")
    run(page, "SELECT NULL AS nothing, '<b>bold</b>' AS tags, DATE '2014-12-23' AS day, [1, 2] AS list, 1.5 AS n")
    cells = page.get_by_role("region", name="Rows").locator("tbody td").all_inner_texts()
    assert cells == ["null", "<b>bold</b>", "2014-12-23", "[1,2]", "1.5"]
    run(page, "SELECT 1 AS n WHERE false")
    assert "no rows" in page.locator(".empty").inner_text()


@pytest.mark.parametrize(
    "sql", ["DROP TABLE events", "SELECT * FROM read_text('/etc/passwd')", "SELEC 1", "SELECT 1; SELECT 2"]
)
def test_what_may_not_run_is_refused_in_a_sentence(open_page, sql):
    page = open_page("/query", errors="40")
    run(page, sql)
    page.get_by_role("alert").wait_for()
    assert len(page.get_by_role("alert").inner_text()) > 20
    assert not page.get_by_role("region", name="Rows").is_visible()


def test_the_rows_of_a_query_can_be_saved(open_page):
    page = open_page("/query")
    page.get_by_label("SQL").fill("SELECT deed, count(*) AS n FROM events GROUP BY deed ORDER BY deed")
    for form, begins in (("CSV", b'"deed","n"'), ("Parquet", b"PAR1")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Download {form}").click()
        assert saved.value.suggested_filename == f"query.{form.lower()}"
        assert saved.value.path().read_bytes().startswith(begins)


# The store changes. ------------------------------------------------------------------------------------------------

CORRECT = """body => fetch("/api/corrections", { method: "POST", headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body) }).then((answer) => answer.json())"""


def test_a_view_says_that_the_store_has_changed_and_shows_it_when_asked(open_page):
    page = open_page("/actor?id=PRK")
    told = page.locator(".page-head p").inner_text()
    (event,) = ask(page, "/api/events?actor=PRK&status=actual&sort=confidence&limit=1")["events"]
    mention = event["quote"]["mention_id"]
    made = page.evaluate(CORRECT, {"mention_id": mention, "field": "wrong", "value": True, "note": "", "by": "a test"})
    bar = page.get_by_text("The store has changed since this was loaded")
    bar.wait_for(timeout=60_000)
    assert page.locator(".page-head p").inner_text() == told  # nothing moves under who reads
    page.get_by_role("button", name="Show", exact=True).click()
    until(page, f"document.querySelector('.page-head p')?.innerText !== {json.dumps(told)}")
    assert not bar.is_visible()
    page.evaluate("id => fetch(`/api/corrections/${id}?by=a%20test`, { method: 'DELETE' })", made["correction_id"])


# What places the marks: properties. --------------------------------------------------------------------------------

COUNTS = st.tuples(*[st.integers(0, 40)] * 4)
PLACES = st.lists(st.tuples(st.floats(0, 900), st.floats(0, 450), st.integers(0, 9), COUNTS), max_size=40)
PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def parts(browser, desk):
    """`parts(file, expression, value)`: an expression over the module `it` of static/parts and the value `x`."""
    page = browser.new_page()
    page.goto(desk + "/query")
    yield lambda file, expression, x: page.evaluate(
        f"x => import('/static/parts/{file}').then((it) => {expression})", x
    )
    page.close()


@PROPERTY
@given(PLACES, st.sampled_from([0.5, 26, 200]))
def test_clusters_lose_no_place_and_no_event(parts, places, reach):
    rows = [{"x": x, "y": y, "name": f"p{i}", "place_id": None, "events": sum(quads) + more, "quads": quads}
            for i, (x, y, more, quads) in enumerate(places)]  # fmt: skip
    found = parts("world.js", "it.cluster(x[0], x[1])", [rows, reach])
    assert sorted(place["name"] for one in found for place in one["places"]) == sorted(row["name"] for row in rows)
    for one in found:
        assert one["events"] == sum(place["events"] for place in one["places"])
        assert one["quads"] == [sum(place["quads"][i] for place in one["places"]) for i in range(4)]
        head = one["places"][0]
        assert all((p["x"] - head["x"]) ** 2 + (p["y"] - head["y"]) ** 2 <= reach**2 + 1e-6 for p in one["places"])


@PROPERTY
@given(st.integers(1900, 2100), st.integers(1, 12))
def test_a_calendar_holds_each_day_of_its_month_once(parts, year, month):
    weeks = parts("time.js", "it.weeksOf(x)", f"{year}-{month:02}-01")
    days = [day for week in weeks for day in week]
    own = [day for day in days if day.startswith(f"{year}-{month:02}-")]
    assert own == [f"{year}-{month:02}-{day:02}" for day in range(1, monthrange(year, month)[1] + 1)]
    assert 28 <= len(days) <= 42 and days == sorted(set(days)) and all(len(week) == 7 for week in weeks)


@PROPERTY
@given(st.integers(1, 10**7))
def test_shades_of_countries_rise_and_their_legend_tells_them(parts, most):
    ranges = parts("world.js", "it.shadeRanges(x)", most)
    assert ranges[0][1] == 1 and ranges[-1][2] == most
    assert all(before[2] + 1 == after[1] for before, after in pairwise(ranges))
    told = parts(
        "world.js", "x[0].map(([i, from, to]) => [it.shade(from, x[1]), it.shade(to, x[1]), i])", [ranges, most]
    )
    assert all(low == high == i for low, high, i in told)


@PROPERTY
@given(COUNTS)
def test_stacked_bars_are_as_long_as_their_counts(parts, quads):
    pieces = parts("figure.js", "it.stack(x)", list(quads))
    length = {piece["quad"]: piece["to"] - piece["from"] for piece in pieces}
    assert [length.get(1, 0), length.get(2, 0), -length.get(3, 0), -length.get(4, 0)] == list(quads)


def test_changes_are_told_by_the_means_between_them(parts):
    bins = [{"start": f"2014-{m:02}-01", "mean": mean, "changepoint": m in (4,)}
            for m, mean in enumerate([1, 2, 3, -4, None, -6], start=1)]  # fmt: skip
    assert parts("relation_chart.js", "it.changesOf(x)", bins) == [{"start": "2014-04-01", "before": 2, "after": -5}]


@pytest.mark.parametrize(
    ("numbers", "at", "found"), [([1, 5, 9], 6.9, 1), ([1, 5, 9], 7.1, 2), ([3], 100, 0), ([1, 5], -2, 0)]
)
def test_the_nearest_bin_is_found(parts, numbers, at, found):
    assert parts("figure.js", "it.nearest(x[0], x[1])", [numbers, at]) == found


def test_vendored_shapes_are_countries_by_iso_code(desk, parts):
    for scale, least in (("110m", 170), ("50m", 230)):
        ids = parts("world.js", "it.countries(x).then((all) => all.map((one) => one.id ?? null))", scale)
        assert len(ids) >= least and len([code for code in ids if code is None]) <= 5
        assert {"PRK", "FRA", "NOR", "XKX"} <= set(ids), json.dumps(ids)


def test_reliability_is_drawn_with_a_dot_for_each_bin_and_the_diagonal(parts):
    table = [{"low": i / 4, "high": (i + 1) / 4, "forecasts": 10 * i + 1, "mean": i / 4 + 0.1, "share": i / 4}
             for i in range(4)]  # fmt: skip
    drawn = parts("plots.js", "it.reliability(x, 300).outerHTML", table)
    assert drawn.count("<circle") == 4 and drawn.count("<path") >= 1 and "<style" not in drawn
