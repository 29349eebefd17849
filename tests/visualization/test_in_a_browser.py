"""The pages as a browser shows them: on a phone and on a desk, in light and dark, and printed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip('playwright.sync_api', reason='needs the package playwright')
BROWSER = next(
    (found for name in ('chromium', 'chromium-browser', 'google-chrome') if (found := shutil.which(name))), ''
)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not BROWSER, reason='needs Chromium')]
PAGES = ('classification', 'segmentation', 'detection', 'pretraining', 'comparison')
# Elements whose content goes beyond the window, apart from those that scroll by themselves.
TOO_WIDE = """() => [...document.querySelectorAll('main *')].filter(e =>
    !e.closest('.scroll, .spots') && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('svg')
).map(e => e.outerHTML.slice(0, 80))"""
UNCOVERED = """() => { document.querySelector('.spots').scrollIntoView();
    return [...document.querySelectorAll('.spot')].findIndex(e => {
        const box = e.getBoundingClientRect();
        return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === e; }); }"""
TEXT = """() => [...document.querySelectorAll('svg.figure text')].map(e => e.getBoundingClientRect().height)"""


@pytest.fixture(scope='module')
def browser() -> Iterator:
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=BROWSER, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [390, 1280])
def test_pages_fit_their_window_and_are_silent(folder: Path, browser, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={'width': width, 'height': 900}, color_scheme=scheme, offline=True)
    page = context.new_page()
    said: list[str] = []
    page.on('console', lambda message: said.append(message.text))
    page.on('pageerror', lambda error: said.append(str(error)))
    page.on('requestfailed', lambda request: said.append(request.url[:80]))
    for name in PAGES:
        page.goto((folder / f'{name}.html').as_uri())
        assert page.evaluate('document.documentElement.scrollWidth') <= width, name
        assert page.evaluate(TOO_WIDE) == [], name
        background = page.evaluate('getComputedStyle(document.body).backgroundColor')
        assert background == {'light': 'rgb(255, 255, 255)', 'dark': 'rgb(20, 25, 31)'}[scheme]
        heights = page.evaluate(TEXT)
        # Also on a phone the letters of a figure can be read.
        assert heights and min(heights) >= 7, name
    assert said == []
    context.close()


def test_pointing_at_a_point_shows_its_image(folder: Path, browser) -> None:
    page = browser.new_page(viewport={'width': 1280, 'height': 900})
    page.goto((folder / 'classification.html').as_uri())
    uncovered = page.evaluate(UNCOVERED)
    spot = page.locator('.spot').nth(uncovered)
    assert not spot.locator('i').is_visible()
    spot.hover()
    assert spot.locator('i').is_visible() and spot.locator('b').is_visible()
    page.close()


def test_a_page_prints_light_and_with_its_folded_tables(folder: Path, browser) -> None:
    page = browser.new_page(color_scheme='dark')
    page.goto((folder / 'classification.html').as_uri())
    page.emulate_media(media='print', color_scheme='dark')
    assert page.evaluate('getComputedStyle(document.body).backgroundColor') == 'rgb(255, 255, 255)'
    assert page.locator('nav').is_hidden()
    assert page.pdf(format='A4').startswith(b'%PDF')
    page.close()
