"""One HTML file that needs nothing beside it: no font, no script, no network."""

from collections.abc import Sequence
from pathlib import Path

from cft.files import write_atomically

from .blocks import SPOT, Section
from .style import CLASS_COLORS, DARK


def render(title: str, lead: str, sections: Sequence[Section], footer: str = '') -> str:
    """A whole HTML document.

    Args:
        title: Of the page.
        lead: One sentence below it.
        sections: Those without blocks are left out.
        footer: Last line.

    Returns:
        HTML; every text in it is escaped.

    Example:
        >>> '<h1>W/T &lt; 1</h1>' in render('W/T < 1', '', [])
        True
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader('cft.visualization'), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters['unbroken'] = unbroken
    return environment.get_template('page.html').render(
        title=title,
        lead=lead,
        sections=[section for section in sections if section.blocks],
        footer=footer,
        colors=color_variables(),
        spot=SPOT,
    )


def unbroken(cell: str) -> str:
    r"""A number together with its error, and the ends of an interval, on one line.

    Example:
        >>> unbroken('+1.0 (+0.5 to +1.5)').split(' ')
        ['+1.0', '(+0.5\xa0to\xa0+1.5)']
    """
    for sign in ('±', 'to'):
        cell = cell.replace(f' {sign} ', f'\N{NO-BREAK SPACE}{sign}\N{NO-BREAK SPACE}')
    return cell.replace('< ', '<\N{NO-BREAK SPACE}')


def write_page(path: Path, title: str, lead: str, sections: Sequence[Section], footer: str = '') -> Path:
    """Write :func:`render` to a file, whole or not at all; its folder is made if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, render(title, lead, sections, footer).encode())
    return path


def color_variables() -> list[tuple[str, str, str]]:
    """Name of each CSS variable, its colour, and that on a dark screen."""
    return [(f'--c-{color[1:]}', color, DARK.get(color, color)) for color in dict.fromkeys([*DARK, *CLASS_COLORS])]
