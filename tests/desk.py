"""What the tests of the desk in a browser share: a desk that serves a store, a browser, pages that must not complain.

A test module takes what it needs by name: `from desk import browser, desk, open_page`. The store is coded once from the
sample reports and HOSTILE, and copied for each module.
"""

import atexit
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from legation import runner
from legation.merge import merge
from legation.store import Store

SAMPLES = Path(__file__).parent.parent / "samples" / "reports"
WIDTHS = (1440, 1024, 390)
SCHEMES = ("light", "dark")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
PROGRAM = [sys.executable, "-c", "from legation.cli.desk import desk; desk()"]

DEED = "Kenya's president on Friday invited his Ugandan counterpart to Nairobi, an aide said."
OTHER = "Iran's foreign minister met his Turkish counterpart in Ankara on Friday to discuss a pipeline, officials said."
THIRD = "Two rebels were killed by soldiers of the Colombian army near Cali on Friday, the defence ministry said."
HOSTILE = [
    {
        "id": "hostile-tags",
        "published": "2014-12-20",
        "publisher": "<img src=x onerror=window.broken=1>",
        "title": "<script>window.broken = 1</script> & <b>bold</b>",
        "url": "javascript:window.broken=1",
        "text": f"<script>window.broken = 1</script> <img src=x onerror='window.broken=1'>\n\n{DEED}\n\n</main>",
    },
    {
        "id": "hostile-bidi",
        "published": "2014-12-20",
        "publisher": "Neva \u202etsoP",
        "title": "Invitation \u202egnihtemos\u202c else",
        "url": "https://neva.example/\u202egpj.exe",
        "text": "\U0001f600\U0001f3f3\ufe0f The \u2067report\u2069 says \u202eneddih\u202c things. \x07\n\n\U0001f600 "
        + OTHER,
    },
    {
        "id": "hostile/long line?&#",
        "published": "2014-12-20",
        "publisher": "Long Lines",
        "title": "A line of a million characters",
        "url": "https://long.example/",
        "text": f"{THIRD}\n\n" + "wordwithoutanyblank" * 52_000,
    },
]
"""Reports that try to be more than text: tags, scripts, other addresses, direction marks, emoji, a line of 1 MB."""


@cache
def _coded() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="legation-desk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    hostile = folder / "hostile.jsonl"
    hostile.write_text("".join(json.dumps(report) + "\n" for report in HOSTILE), encoding="utf-8")
    store = Store(folder / "store")
    runner.run([str(SAMPLES), str(hostile)], store, workers=1)
    merge(store)
    return store.path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a desk over a store of its own, without a slash at its end."""
    folder = tmp_path_factory.mktemp("desk") / "samples"
    shutil.copytree(_coded(), folder)
    command = [*PROGRAM, "--store", str(folder), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        told = ""
        for line in served.stderr:
            told += line
            if found := re.search(r"http://\S+?(?=/ )", line):
                break
        assert found, f"the desk did not start: {told}"
        try:
            yield found[0]
        finally:
            served.send_signal(signal.SIGINT)
            _, said = served.communicate(timeout=30)
    assert "Traceback" not in said, said
    assert served.returncode == 0, said


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Debian's chromium, or the one that is on the path, driven by Playwright."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="pip install playwright, to test the desk in a browser"
    )
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium is on the path to test the desk in (apt install chromium)")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser, desk) -> Iterator[Callable[..., object]]:
    """`open_page(path, width=1440, scheme="light")` opens an address of the desk and waits for its content.

    The test fails where a page wrote an error to its console, threw one, or asked for anything from elsewhere; pages
    whose errors are expected are opened with `errors=` a pattern of them.
    """
    contexts, trouble, expected = [], [], []

    def opened(path: str, width: int = 1440, scheme: str = "light", errors: str | None = None):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if errors:
            expected.append(errors)
        page.on("console", lambda m: trouble.append(f"{path}: {m.text} {m.location}") if m.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(f"{path}: {error}"))
        page.on(
            "request", lambda r: None if r.url.startswith((desk, "data:")) else trouble.append(f"asked for {r.url}")
        )
        page.goto(desk + path)
        settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [told for told in trouble if not any(re.search(pattern, told) for pattern in expected)] == []


def settled(page) -> None:
    """Wait until a view has its heading and nothing is being loaded."""
    page.wait_for_selector("main h1")
    until(page, "!document.querySelector('main .loading, main [aria-busy=true]')")


def until(page, expression: str, seconds: float = 15) -> None:
    """Wait until a JavaScript expression is true; Playwright's own wait needs `eval`, which the policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"not so after {seconds} s: {expression}"
        page.wait_for_timeout(50)


def violations(page) -> list[str]:
    """What axe-core finds against WCAG 2.1 A and AA on a page, one line for each element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python").Axe()
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def fits(page) -> bool:
    """Whether the page is no wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")
