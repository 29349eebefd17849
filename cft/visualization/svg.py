"""A figure as SVG: for a file, or inside a page whose colours it takes."""

import io
import re
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.figure import Figure

from .style import CLASS_COLORS, DARK, any_letters

_SVG, _LINK = '{http://www.w3.org/2000/svg}', '{http://www.w3.org/1999/xlink}href'
_KNOWN = {*DARK, *CLASS_COLORS}
# Reproducible names of clip paths, and letters that a page shows in its own font.
_SETTINGS: Any = {'svg.hashsalt': 'cft', 'svg.fonttype': 'none'}


def svg_bytes(figure: Figure) -> bytes:
    """A figure as an SVG document; the same figure gives the same bytes."""
    stream = io.BytesIO()
    with matplotlib.rc_context(_SETTINGS), any_letters():
        figure.savefig(stream, format='svg', metadata={'Date': None, 'Creator': None}, transparent=True)
    return stream.getvalue()


def inline_svg(figure: Figure, name: str, alt: str) -> str:
    """A figure as an element of an HTML page, in the colours of the page.

    Args:
        figure: Drawn with the colours of :mod:`cft.visualization.style`.
        name: Unique in the page; ids of the figure begin with it.
        alt: What the figure shows, for those who do not see it.

    Returns:
        An ``<svg role="img">``, without namespaces and scripts; a colour is
        ``var(--c-0072b2)``, which :func:`cft.visualization.page.color_variables` define.

    Example:
        >>> from cft.visualization.style import new_figure
        >>> inline_svg(new_figure(), 'empty', 'nothing')[:30]
        '<svg aria-label="nothing" role'
    """
    root = ElementTree.fromstring(svg_bytes(figure))
    for metadata in root.findall(f'{_SVG}metadata'):
        root.remove(metadata)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.attrib = {
            key.replace(_LINK, 'href'): _in_page(value, name) if key != 'id' else f'{name}-{value}'
            for key, value in element.attrib.items()
        }
    root.attrib = {'aria-label': alt, 'role': 'img', 'viewBox': root.attrib['viewBox'], 'class': 'figure'}
    return ElementTree.tostring(root, encoding='unicode')


def _in_page(value: str, name: str) -> str:
    value = re.sub(r'url\(#', f'url(#{name}-', re.sub(r'^#(?![0-9a-f]{6}$)', f'#{name}-', value))
    return re.sub(r'#[0-9a-f]{6}\b', lambda match: _variable(match[0]), value)


def _variable(color: str) -> str:
    return f'var(--c-{color[1:]})' if color in _KNOWN else color
