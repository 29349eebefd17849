"""Pieces of a self-contained HTML page; every text passed in is escaped."""

import base64
from collections.abc import Sequence
from html import escape

_STYLE = """
:root { --ink: #1f2933; --quiet: #52606d; --line: #e4e7eb; --pale: #f5f7fa; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff; line-height: 1.6;
  font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
main { max-width: 54rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .8rem; padding-top: .9rem; border-top: 1px solid var(--line); }
p { margin: .5rem 0; }
.quiet, figcaption, footer { color: var(--quiet); font-size: .92rem; }
code, pre { font-family: ui-monospace, 'SFMono-Regular', Menlo, Consolas, monospace; font-size: .88rem; }
pre { background: var(--pale); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  margin: .9rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 600; font-size: .84rem; white-space: normal; vertical-align: bottom;
  border-bottom: 2px solid var(--ink); }
th:first-child, td:first-child { text-align: left; font-weight: 600; }
td:last-child, th:last-child { text-align: left; }
tr.baseline td { background: var(--pale); }
tr.above td:last-child { color: #00705a; font-weight: 600; }
tr.below td:last-child { color: #a83f00; font-weight: 600; }
tr td:last-child { color: var(--quiet); }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: .45rem .9rem; align-items: center; }
.bars .track { background: var(--pale); border-radius: 3px; height: .95rem; overflow: hidden; }
.bars .fill { background: var(--accent); height: 100%; }
.bars .value { font-variant-numeric: tabular-nums; font-weight: 600; text-align: right; }
ul { padding-left: 1.2rem; margin: .5rem 0; }
li { margin: .35rem 0; }
figure { margin: 1.2rem 0 2.2rem; }
figure h3 { font-size: 1.02rem; margin: 0 0 .5rem; }
img { display: block; width: 100%; min-width: 34rem; height: auto; }
figcaption { margin-top: .5rem; }
footer { margin-top: 3rem; padding-top: .9rem; border-top: 1px solid var(--line); }
@media print { figure, table { break-inside: avoid; } }
"""


def page(title: str, body: Sequence[str]) -> str:
    """A whole HTML document; ``body`` is finished HTML made by the functions below."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n'
        + '\n'.join(body)
        + '\n</main>\n</body>\n</html>\n'
    )


def element(tag: str, text: str, css_class: str = '') -> str:
    """One element that holds plain text.

    Example:
        >>> element('p', 'W/T < 1')
        '<p>W/T &lt; 1</p>'
    """
    attribute = f' class="{css_class}"' if css_class else ''
    return f'<{tag}{attribute}>{escape(text)}</{tag}>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]], row_classes: Sequence[str]) -> str:
    """A table that scrolls sideways on a narrow screen, with one CSS class for each row."""
    head = ''.join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = '\n'.join(
        f'<tr class="{css_class}">{"".join(element("td", cell) for cell in cells)}</tr>'
        for cells, css_class in zip(rows, row_classes, strict=True)
    )
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def bullets(sentences: Sequence[str]) -> str:
    """A list of plain sentences."""
    return '<ul>\n' + '\n'.join(element('li', sentence) for sentence in sentences) + '\n</ul>'


def percent_bars(values: Sequence[tuple[str, float]]) -> str:
    """Named horizontal bars from 0 to 100 per cent."""
    rows = [
        f'{element("div", name)}<div class="track"><div class="fill" style="width:{value:.1f}%"></div></div>'
        f'{element("div", f"{value:.1f} %", "value")}'
        for name, value in values
    ]
    return '<div class="bars">\n' + '\n'.join(rows) + '\n</div>'


def image(png: bytes, title: str, caption: str) -> str:
    """A figure with the PNG inside the page; it scrolls sideways where it would be too small to read."""
    data = base64.b64encode(png).decode('ascii')
    return (
        f'<figure>{element("h3", title)}\n'
        f'<div class="scroll"><img alt="{escape(title)}" src="data:image/png;base64,{data}"></div>\n'
        f'{element("figcaption", caption)}</figure>'
    )
