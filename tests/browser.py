"""The browser that the tests look at reports with, and what they hold each page to."""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# What is looked at, and what axe-core is given too, as it takes its time: each width and each scheme once.
VIEWS = {(390, "light"): False, (390, "dark"): True, (1440, "dark"): False, (1440, "light"): True}
# In the page: what a reader would meet as a fault.
BROKEN = "[...document.images].filter(image => !image.complete || !image.naturalWidth).map(image => image.alt)"
PLACES = "[...document.querySelectorAll('[id]')].map(of => of.id)"
LINKS = "[...document.querySelectorAll('a[href]')].map(link => link.href)"


@contextmanager
def chromium() -> Iterator:
    """This machine's Chromium, driven by playwright; without one the test is skipped, with the reason."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if not program:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=[*QUIET, "--disable-sync"])
        yield browser
        browser.close()


UNFOLD = "for (const fold of document.querySelectorAll('details')) fold.open = true"


def check_pages(pages: Path | Iterable[Path], views: dict[tuple[int, str], bool] = VIEWS) -> None:
    """Hold pages, or all below a folder, to what a report promises; all that is wrong is one AssertionError.

    On a phone and a desktop, light and dark: nothing said on the console, no broken picture, no sideways scroll of the
    page, nothing serious for axe-core. And at all: only files and data asked for, no link to a file or a place that is
    not there, no place twice, less than 3 MB.
    """
    pytest.importorskip("axe_playwright_python.sync_playwright")
    paths = sorted(pages.rglob("*.html") if isinstance(pages, Path) else pages)
    assert paths, f"no pages in {pages}"
    wrong, places, links = [], {}, {}
    with chromium() as browser:
        tab, said, asked = browser.new_page(), [], []
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        for path in paths:
            tab.goto(path.as_uri())
            links[path], places[path.as_uri()] = tab.evaluate(LINKS), tab.evaluate(PLACES)
            wrong += [f"{path.name}: {fault}" for fault in _looked_at(tab, views)]
            wrong += [f"{path.name}: says {text}" for text in said]
            wrong += [f"{path.name}: asks for {url[:80]}" for url in asked if not url.startswith(("file:", "data:"))]
            if (size := path.stat().st_size) > 3_000_000:
                wrong.append(f"{path.name}: {size:,} bytes")
            said.clear()
            asked.clear()
    for path, of in links.items():
        wrong += [f"{path.name}: {link} leads nowhere" for link in of if not _leads_somewhere(link, places)]
    assert not wrong, "\n".join(wrong)


def _looked_at(tab, views: dict[tuple[int, str], bool]) -> Iterator[str]:
    """What is wrong with the page as it is seen, at each width and in each scheme."""
    from axe_playwright_python.sync_playwright import Axe

    yield from (f"broken picture {alt!r}" for alt in tab.evaluate(BROKEN))
    places = tab.evaluate(PLACES)
    yield from (f"place {place!r} twice" for place in {*places} if places.count(place) > 1)
    for (width, scheme), with_axe in views.items():
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=scheme)
        if (wide := tab.evaluate("document.documentElement.scrollWidth")) > width:
            yield f"{wide} px wide on {width}"
        tab.evaluate(UNFOLD)
        if (wide := tab.evaluate("document.documentElement.scrollWidth")) > width:
            yield f"{wide} px wide on {width} with all unfolded"
        for fault in Axe().run(tab).response["violations"] if with_axe else ():
            if fault["impact"] in ("serious", "critical"):
                where = [node["html"][:200] for node in fault["nodes"][:3]]
                yield f"{fault['id']} at {width} px, {scheme} ({fault['help']}): {where}"


def _leads_somewhere(link: str, places: dict[str, list[str]]) -> bool:
    """Whether a link to a file leads to one, and to a place in it if it is a known page; others are not followed."""
    address, _, place = link.partition("#")
    if not link.startswith("file:"):
        return True
    if address not in places:
        return Path(unquote(urlsplit(address).path)).is_file()
    return not place or bool({place, unquote(place)} & {*places[address]})


def printed(page, file: Path) -> list[tuple[float, float]]:
    """Print a page of the browser into a PDF, and the width and height of each of its sheets in millimetres."""
    page.pdf(path=file, prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", file.read_bytes())
    return [(float(width) * 25.4 / 72, float(height) * 25.4 / 72) for width, height in boxes]
