"""The watcher against servers of its own: every page that is listed is in the store or among its rejects exactly once,
whatever fails, whoever is killed, and however often it is started again."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
import test_runner
from click.testing import CliRunner
from test_watch_fetch import Site, endless, send, silent

from legation import runner
from legation.cli import watching
from legation.cli.common import Commands
from legation.runner.step import coded, items
from legation.store import Store
from legation.watch import Plan, State, StateError, Watcher, coding
from legation.watch.fetching import Fetcher
from legation.watch.sources import Source
from legation.watch.watcher import Clock

PATIENCE = 300  # seconds; far more than any of it takes on a machine that has nothing else to do


def article(n):
    return (
        f"<html><head><title>Story {n}</title></head><body><p>{test_runner.report(n).text}</p></body></html>".encode()
    )


def page(body, kind="text/html; charset=utf-8"):
    return 200, {"Content-Type": kind}, body


def feed(site, numbers, title="Wire"):
    items = "".join(f"<item><link>{site.url}/story/{n}</link></item>" for n in numbers)
    return f"<rss><channel><title>{title}</title>{items}</channel></rss>".encode()


@pytest.fixture
def site():
    with closing(Site()) as site:
        yield site


def fill(site, count, path="/feed.xml"):
    """A feed of so many stories."""
    site.pages |= {f"/story/{n}": page(article(n)) for n in range(count)} | {path: feed(site, range(count))}
    return [f"{site.url}/story/{n}" for n in range(count)]


def plan(*urls, **options):
    return Plan("example-desk", "desk@news.example", {u: Source(u, **{"allow_private": True} | options) for u in urls})


class Here:
    """The engine without processes of its own, which take a second each to start."""

    workers = 1

    def __init__(self, coder, workers):
        self._coder = coder

    def read(self, read, sources):
        return items(read, sources)

    def submit(self, reports):
        return lambda: coded(self._coder, reports)

    def close(self):
        pass


def here(folder, upto, coder, workers, told):
    """The step of the watcher, but for the processes that code."""
    coding.run = partial(runner.run, engine=Here)
    coding.code(folder, upto, coder, workers, told)


def make(store, told, **options):
    fetcher = Fetcher("example-desk", "desk@news.example", delay=0.0, seconds=3.0)
    quick = {"coder": test_runner.Fake, "step": here, "part_seconds": 0.5, "tick": 0.02, "fetcher": fetcher}
    return Watcher(told, store, **quick | options)


@contextmanager
def watching_of(store, told, **options):
    """A watcher at work in a thread of its own, ended in the end; an error of it is raised."""
    watcher, errors = make(store, told, **options), []

    def run():
        try:
            watcher.run()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive() and not errors, errors


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def kept(store):
    """How often each address is in the store, and how often among its rejects."""
    urls = store.query("SELECT url FROM reports")["url"].to_pylist() if store.parts() else []
    rejects = store.query("SELECT source FROM rejects")["source"].to_pylist() if store.parts() else []
    return Counter(urls), Counter(rejects)


def once(store, urls, rejected=()):
    """Whether each of these is in the store, and each of those among the rejects, and nothing else or twice."""
    reports, rejects = kept(store)
    assert max([*reports.values(), *rejects.values()], default=1) == 1, (reports, rejects)
    assert set(reports) <= set(urls) and set(rejects) <= set(rejected), (reports, rejects)
    return set(reports) == set(urls) and set(rejects) == set(rejected)


def told_of(store):
    if not (store.path / "watch" / "state.sqlite").exists():
        return {}
    with closing(State(store.path / "watch")) as state:
        return {row["address"]: row for row in state.sources()}


def spool_is_empty(store):
    with closing(State(store.path / "watch")) as state:
        return state.spooled()[0] == 0


# What is watched ends in the store --------------------------------------------------------------------------------


def test_stories_and_what_is_none_each_once(site, tmp_path):
    urls = fill(site, 12)
    bad = {
        "/none": (404, {}, b""), "/scripts": page(b"<html><body><script>x</script></body></html>"),
        "/paper": page(b"%PDF", "application/pdf"), "/huge": endless,
        "/away": (302, {"Location": f"http://localhost:{site.port}/story/1"}, b""),
    }  # fmt: skip
    items = [*urls, *(site.url + path for path in bad), "gopher://x/", urls[0]]
    more = "".join(f"<item><link>{url}</link></item>" for url in items) + "<item><title>Talks</title></item>"
    site.pages |= bad | {"/more.xml": f"<rss><channel>{more}</channel></rss>".encode()}
    store, lines = Store(tmp_path / "s"), []
    feeds = [f"{site.url}/feed.xml", f"{site.url}/more.xml"]
    rejected = {*(site.url + path for path in bad), "gopher://x/", f"{feeds[1]} (Talks)"}
    with watching_of(store, plan(*feeds), tell=lines.append):
        wait_for(
            lambda: (
                once(store, urls, rejected)
                and spool_is_empty(store)
                and any("mentions merged" in line for line in lines)
            )
        )
    reasons = {row["source"]: row["reason"] for row in store.query("FROM rejects").to_pylist()}
    assert reasons[f"{site.url}/none"] == "the server answers 404 Not Found"
    assert reasons[f"{site.url}/scripts"] == "no article text in the page"
    assert reasons[f"{site.url}/paper"] == "application/pdf, not a page of HTML or text"
    assert reasons[f"{site.url}/huge"].startswith("too large")
    assert "no address of the public Internet" in reasons[f"{site.url}/away"]
    assert reasons["gopher://x/"] == "cannot be fetched: unknown url type: gopher"
    wait_for(lambda: not store.unmerged())
    assert store.query("FROM mentions").num_rows == 12
    before = site.paths().count("/story/1")
    with watching_of(store, plan(*feeds)):
        time.sleep(1)
    assert once(store, urls, rejected) and site.paths().count("/story/1") == before == 1


def test_plan_and_listing_tell_publisher_and_day(site, tmp_path):
    site.pages["/story/1"] = page(article(1))
    site.pages["/feed.xml"] = (
        f"<rss><channel><title>Wire</title><item><link>{site.url}/story/1</link>"
        "<pubDate>Tue, 14 May 2024 23:30:00 -0500</pubDate></item></channel></rss>"
    ).encode()
    store = Store(tmp_path / "s")
    with watching_of(store, plan(f"{site.url}/feed.xml", name="Harbour Wire")):
        wait_for(lambda: once(store, [f"{site.url}/story/1"]))
    (report,) = store.reports()
    assert (str(report.published), report.publisher, report.title) == ("2024-05-14", "Harbour Wire", "Story 1")
    assert report.retrieved is not None


def test_an_index_of_sitemaps(site, tmp_path):
    urls = fill(site, 6)
    today = time.strftime("%Y-%m-%d")
    for n, some in enumerate((urls[:3], urls[3:])):
        listed = "".join(f"<url><loc>{url}</loc><lastmod>{today}</lastmod></url>" for url in some)
        site.pages[f"/{n}.xml"] = f"<urlset>{listed}<url><loc>{site.url}/old/{n}</loc></url></urlset>".encode()
    names = [(f"{site.url}/0.xml", today), (f"{site.url}/1.xml", ""), (f"{site.url}/2001.xml", "2001-01-01")]
    listed = "".join(f"<sitemap><loc>{name}</loc><lastmod>{changed}</lastmod></sitemap>" for name, changed in names)
    site.pages["/index.xml"] = f"<sitemapindex>{listed}</sitemapindex>".encode()
    store = Store(tmp_path / "s")
    with watching_of(store, plan(f"{site.url}/index.xml")):
        wait_for(lambda: once(store, urls))
    assert not {"/2001.xml", "/old/0", "/old/1"} & set(site.paths())
    assert set(told_of(store)) == {f"{site.url}/{name}" for name in ("index.xml", "0.xml", "1.xml")}


class Fast:
    """Seconds that pass a thousand times as fast, for a wall clock that can be put back."""

    def __init__(self):
        self.put_back = 0.0

    def passed(self):
        return time.monotonic() * 1000

    def wall(self):
        return 1.8e9 + self.passed() - self.put_back


def test_what_is_unchanged_is_not_sent_again(site, tmp_path):
    urls = fill(site, 3)
    body = site.pages["/feed.xml"]

    def conditional(handler):
        known = handler.headers["If-None-Match"] == '"1"' and handler.headers["If-Modified-Since"] == "yesterday"
        send(handler, 304 if known else 200, {"ETag": '"1"', "Last-Modified": "yesterday"}, b"" if known else body)

    site.pages["/feed.xml"] = conditional
    store, fast = Store(tmp_path / "s"), Fast()
    with watching_of(store, plan(f"{site.url}/feed.xml"), clock=Clock(fast.wall, fast.passed), part_seconds=300.0):
        wait_for(lambda: site.paths().count("/feed.xml") >= 4 and once(store, urls))
    asked = [headers.get("If-None-Match") for path, headers in site.asked if path == "/feed.xml"]
    assert asked[0] is None and set(asked[1:]) == {'"1"'}


def test_a_clock_that_jumps_back_stops_nothing(site, tmp_path):
    fill(site, 1)
    store, fast = Store(tmp_path / "s"), Fast()
    with watching_of(store, plan(f"{site.url}/feed.xml"), clock=Clock(fast.wall, fast.passed), part_seconds=300.0):
        wait_for(lambda: site.paths().count("/feed.xml") >= 2)
        fast.put_back = 3e8
        before = len(site.asked)
        urls = fill(site, 4)
        wait_for(lambda: site.paths()[before:].count("/feed.xml") >= 2 and once(store, urls))


# Sources that fail ------------------------------------------------------------------------------------------------


def test_sources_that_fail_cost_themselves_and_are_shown(site, tmp_path):
    urls = fill(site, 5)
    site.pages |= {
        "/garbage": os.urandom(5000), "/hangs": silent, "/page": b"<!doctype html><html></html>",
        "/home": (302, {"Location": f"http://localhost:{site.port}/feed.xml"}, b""), "/gone": (410, {}, b""),
        "/bomb": b"<!DOCTYPE a [<!ENTITY b 'c'>]><rss/>", "/forbidden": feed(site, []),
        "/robots.txt": b"User-agent: example-desk\nDisallow: /forbidden",
    }  # fmt: skip
    reasons = {
        "/garbage": "neither UTF-8 nor", "/hangs": "too slow", "/page": "an HTML page", "/gone": "410",
        "/home": "no address of the public Internet; allow_private = true would allow it",
        "/bomb": "a document type", "/forbidden": "forbids it to example-desk",
    }  # fmt: skip
    store, lines = Store(tmp_path / "s"), []
    told = plan(f"{site.url}/feed.xml", *(site.url + path for path in reasons))
    # A request to a host at a time: the one that hangs is to hold up its own host only.
    with closing(Site({"/hangs": silent})) as other:
        told.sources[f"{other.url}/hangs"] = Source(f"{other.url}/hangs", allow_private=True)
        del told.sources[f"{site.url}/hangs"]
        with watching_of(store, told, tell=lines.append):
            wait_for(lambda: once(store, urls) and all(s["last_try"] for s in told_of(store).values()))
    shown = told_of(store)
    for path, reason in reasons.items():
        source = shown[f"{other.url if path == '/hangs' else site.url}{path}"]
        assert reason in source["reason"] and source["failures"] == 1 and source["last_success"] is None, path
        assert source["next_try"] > source["last_try"] + 700  # its 15 minutes, less what chance takes off
        assert any(source["address"] in line and source["reason"] in line for line in lines)
    assert shown[f"{site.url}/feed.xml"]["reason"] is None


def test_a_source_is_tried_less_often_the_longer_it_fails_and_comes_back(site, tmp_path):
    site.pages["/feed.xml"] = (503, {}, b"")
    store, fast, lines = Store(tmp_path / "s"), Fast(), []
    clock = Clock(fast.wall, fast.passed)
    fetcher = Fetcher("example-desk", "desk@news.example", delay=0.0, clock=fast.passed)
    with watching_of(store, plan(f"{site.url}/feed.xml", minutes=1), clock=clock, fetcher=fetcher, tell=lines.append):
        wait_for(lambda: any(source["failures"] >= 6 for source in told_of(store).values()))
        source = told_of(store)[f"{site.url}/feed.xml"]
        assert source["next_try"] > source["last_try"] + 1000
        urls = fill(site, 2)
        wait_for(lambda: once(store, urls))
    assert any("answers again" in line for line in lines)
    assert sum("next try" in line for line in lines) == 1


def test_a_source_may_fail_for_years(site, tmp_path):
    address = f"{site.url}/gone.xml"
    store = Store(tmp_path / "s")
    with closing(State(store.folder("watch"))) as state:
        state.follow(plan(address), 0.0)
    with closing(sqlite3.connect(store.path / "watch" / "state.sqlite")) as db, db:
        db.execute("UPDATE polls SET failures = 5000")
    with watching_of(store, plan(address)):
        wait_for(lambda: told_of(store)[address]["failures"] == 5001)
    assert told_of(store)[address]["next_try"] < time.time() + 8 * 3600


def test_a_page_is_tried_again_while_it_may_come_and_then_given_up(site, tmp_path):
    urls = fill(site, 2)
    answers = iter([503, 429, 500])

    def late(handler):
        send(handler, *((status, {}, b"") if (status := next(answers, None)) else page(article(0))))

    site.pages |= {"/story/0": late, "/story/1": (500, {}, b"")}
    store, fast = Store(tmp_path / "s"), Fast()
    fetcher = Fetcher("example-desk", "desk@news.example", delay=0.0, clock=fast.passed)
    with watching_of(store, plan(f"{site.url}/feed.xml"), clock=Clock(fast.wall, fast.passed), fetcher=fetcher):
        wait_for(lambda: once(store, urls[:1], urls[1:]))
    assert site.paths().count("/story/0") == 4 and site.paths().count("/story/1") == 6


# What fails here --------------------------------------------------------------------------------------------------


def full_disk(folder, upto, coder, workers, told):
    """The step, on a disk that is full while a file says so."""
    import pyarrow.parquet

    if (Path(folder) / "watch" / "full").exists():

        def write_table(*_, **__):
            raise OSError(28, "No space left on device")

        pyarrow.parquet.write_table = write_table
    here(folder, upto, coder, workers, told)


def test_a_full_disk_loses_nothing(site, tmp_path):
    urls = fill(site, 5)
    store, lines = Store(tmp_path / "s"), []
    (store.folder("watch") / "full").touch()
    with watching_of(store, plan(f"{site.url}/feed.xml"), step=full_disk, tell=lines.append):
        wait_for(lambda: sum("No space left on device" in line for line in lines) >= 2)
        assert once(store, [])
        (store.path / "watch" / "full").unlink()
        wait_for(lambda: once(store, urls) and spool_is_empty(store))


def test_a_full_disk_under_the_state_loses_nothing(site, tmp_path, monkeypatch):
    urls = fill(site, 5)
    spool, times = State.spool, []

    def full(self, *given):
        times.append(1)
        if len(times) in (2, 3):
            raise sqlite3.OperationalError("database or disk is full")
        spool(self, *given)

    monkeypatch.setattr(State, "spool", full)
    monkeypatch.setattr("legation.watch.watcher._AGAIN", 0.2)
    store, lines = Store(tmp_path / "s"), []
    with watching_of(store, plan(f"{site.url}/feed.xml"), tell=lines.append):
        wait_for(lambda: once(store, urls) and spool_is_empty(store))
    assert sum("cannot be written: database or disk is full" in line for line in lines) == 2


def deadly(folder, upto, coder, workers, told):
    """The step, in which reading some pages ends the process or never ends."""
    from legation.ingest import html  # loading it is no part of the reading

    assert html
    read = coding.read

    def reading(spooled):
        if spooled.body and spooled.url.endswith("/story/1"):
            os._exit(9)
        if spooled.body and spooled.url.endswith("/story/3"):
            time.sleep(1000)
        return read(spooled)

    coding.read = reading
    here(folder, upto, coder, workers, told)


def test_pages_that_end_or_hold_up_their_reader_cost_themselves(site, tmp_path, monkeypatch):
    monkeypatch.setattr(coding, "READING_SECONDS", 5.0)
    urls = fill(site, 5)
    store = Store(tmp_path / "s")
    bad = [urls[1], urls[3]]
    with watching_of(store, plan(f"{site.url}/feed.xml"), step=deadly):
        wait_for(lambda: once(store, [u for u in urls if u not in bad], bad))
    reasons = {row["source"]: row["reason"] for row in store.query("FROM rejects").to_pylist()}
    assert reasons == {
        urls[1]: "its process ended with code 9",
        urls[3]: "reading a page took more than 5 seconds",
    }


def test_while_another_process_adds_reports_the_spool_waits(site, tmp_path):
    urls = fill(site, 3)
    store, lines = Store(tmp_path / "s"), []
    store.folder("watch")
    with watching_of(store, plan(f"{site.url}/feed.xml"), tell=lines.append):
        with store.adding():
            wait_for(lambda: any("another process adds" in line for line in lines))
            assert once(store, [])
        wait_for(lambda: once(store, urls))


def test_two_watchers_on_one_store(site, tmp_path):
    store = Store(tmp_path / "s")
    with watching_of(store, plan(f"{site.url}/feed.xml")):
        wait_for(lambda: told_of(store))
        with pytest.raises(StateError, match=r"another process watches for this store \(process \d+\)"):
            make(store, plan(f"{site.url}/feed.xml")).run()


# Killed at any moment ---------------------------------------------------------------------------------------------

SCRIPT = """
    import sys, time
    sys.path.insert(0, {tests!r})
    import test_watch
    from legation.store import Store
    from legation.watch import coding

    if __name__ == "__main__":
        print("ready", flush=True)
        test_watch.make(Store({store!r}), test_watch.plan(*{feeds!r}), step=coding.code, workers=1).run()
"""


def killed_and_started_again(folder, site, rounds, chance, stories=60):
    """Kill a watcher so many times at random moments, each time with new stories listed; then let one finish."""
    script, store = folder / "watch.py", Store(folder / "s")
    feeds = [f"{site.url}/feed.xml"]
    script.write_text(
        textwrap.dedent(SCRIPT.format(tests=str(Path(__file__).parent), store=str(store.path), feeds=feeds))
    )
    for number in range(1, rounds + 1):
        fill(site, stories * number // rounds)
        process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, start_new_session=True)
        try:
            process.stdout.readline()
            time.sleep(chance.uniform(0.1, 6.0))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        wait_for(lambda group=process.pid: test_runner._gone(group))  # what it started ends with it
    urls = fill(site, stories)
    with watching_of(store, plan(*feeds, minutes=1), clock=Clock(Fast().wall, Fast().passed), part_seconds=300.0):
        wait_for(lambda: once(store, urls) and spool_is_empty(store))
    return store


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_watcher_that_is_killed_loses_nothing_and_doubles_nothing(site, tmp_path):
    store = killed_and_started_again(tmp_path, site, 4, random.Random(7))
    assert store.query("FROM mentions").num_rows == 60
    ids = store.query("SELECT report_id FROM reports")["report_id"].to_pylist()
    assert len(set(ids)) == len(ids) == 60


# The commands -----------------------------------------------------------------------------------------------------

PROGRAM = """
    import sys
    from legation.cli import watching
    from legation.cli.common import Commands

    if __name__ == "__main__":
        Commands(commands=list(watching.COMMANDS))()
"""


def legation(*given):
    return CliRunner().invoke(Commands(commands=list(watching.COMMANDS)), [str(word) for word in given])


def write_plan(folder, *urls, private=True):
    told = "".join(f'[[source]]\nurl = "{url}"\nallow_private = {str(private).lower()}\n' for url in urls)
    path = folder / "sources.toml"
    path.write_text(f'agent = "example-desk"\ncontact = "desk@news.example"\n{told}')
    return path


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_watch_ends_at_once_when_it_is_told_to(site, tmp_path, number, code):
    site.pages["/feed.xml"] = feed(site, [])
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(PROGRAM))
    command = [sys.executable, script, "watch", write_plan(tmp_path, f"{site.url}/feed.xml"), "--store", tmp_path / "s"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert "watching 1 sources for" in process.stdout.readline()
    wait_for(lambda: site.paths().count("/feed.xml"))
    started = time.monotonic()
    os.killpg(process.pid, number)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == code and time.monotonic() - started < 10
    assert stderr.startswith("legation: stopped; the same command goes on from here") and "Traceback" not in stderr
    result = legation("sources", "--store", tmp_path / "s")
    assert result.exit_code == 0 and f"{site.url}/feed.xml" in result.stdout and "no part yet" in result.stdout


def test_sources_shows_what_is_wrong(site, tmp_path):
    urls = fill(site, 2)
    site.pages["/gone.xml"] = (410, {}, b"")
    store = Store(tmp_path / "s")
    with watching_of(store, plan(f"{site.url}/feed.xml", f"{site.url}/gone.xml")):
        wait_for(
            lambda: once(store, urls) and spool_is_empty(store) and told_of(store)[f"{site.url}/gone.xml"]["reason"]
        )
    result = legation("sources", "--store", store.path)
    gone = next(line for line in result.stdout.splitlines() if "gone.xml" in line)
    assert "the server answers 410 Gone" in gone
    assert "0 pages fetched and not coded yet; last part 20" in result.stdout
    rows = [json.loads(line) for line in legation("sources", "--store", store.path, "--json").stdout.splitlines()]
    (good, bad) = rows
    assert (good["reason"], good["fetched"], good["waiting"], good["name"]) == (None, 2, 0, "Wire")
    assert good["last_success"].endswith("Z") and bad["last_success"] is None and bad["failures"] == 1


@pytest.mark.parametrize("content", ["", 'agent = "x"'])
def test_a_plan_that_is_wrong_ends_with_its_reason(tmp_path, content):
    (tmp_path / "sources.toml").write_text(content)
    result = legation("watch", tmp_path / "sources.toml", "--store", tmp_path / "s")
    assert result.exit_code == 1 and result.stderr.startswith(f"legation: {tmp_path / 'sources.toml'}: ")
    assert not (tmp_path / "s").exists()


def test_a_store_that_is_not_watched(tmp_path):
    Store(tmp_path / "s").folder("other")
    result = legation("sources", "--store", tmp_path / "s")
    assert result.exit_code == 1 and "is not watched yet: legation watch SOURCES.toml --store" in result.stderr
