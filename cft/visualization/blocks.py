"""What a page is made of. Each kind of block is drawn by the part of ``templates/page.html`` of its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from .pictures import Picture, data_uri, sprite
from .svg import inline_svg
from .tables import Table

SPOT = 44  # pixels of an image that a spot shows
COLUMNS = 20


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    kind: ClassVar[str] = 'prose'
    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Headline:
    """Few numbers that say most: value and name each, and a remark."""

    kind: ClassVar[str] = 'headline'
    numbers: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    kind: ClassVar[str] = 'facts'
    pairs: Mapping[str, str]


@dataclass(frozen=True)
class Sentences:
    """A list of sentences."""

    kind: ClassVar[str] = 'sentences'
    items: Sequence[str]


@dataclass(frozen=True)
class Source:
    """Text as a terminal shows it."""

    kind: ClassVar[str] = 'source'
    text: str


@dataclass(frozen=True)
class Grid:
    """A table; where ``folded``, opened by a click."""

    kind: ClassVar[str] = 'grid'
    table: Table
    folded: bool = False


@dataclass(frozen=True)
class Gallery:
    """Pictures in rows.

    Attributes:
        pictures: In their order.
        caption: Above them.
        keys: What colours mean: name and colour each.
        layout: ``'small'``; ``'large'``; or ``'triples'``, in which three pictures belong together.
    """

    kind: ClassVar[str] = 'gallery'
    pictures: Sequence[Picture]
    caption: str = ''
    keys: Sequence[tuple[str, str]] = ()
    layout: str = 'small'


@dataclass(frozen=True)
class Spots:
    """Places of a figure that show an image when pointed at.

    Attributes:
        places: (N, 2): from the left and from the top, as parts of the figure.
        images: N.
        names: N texts.
    """

    places: np.ndarray
    images: Sequence[Image.Image]
    names: Sequence[str]

    @cached_property
    def sheet(self) -> str:
        """All images as one."""
        return data_uri(sprite(self.images, SPOT, COLUMNS), quality=70)

    @property
    def marks(self) -> list[dict]:
        """What the template needs of each spot."""
        return [
            {'left': f'{100 * x:.2f}', 'top': f'{100 * y:.2f}', 'name': name,
             'column': -SPOT * (number % COLUMNS), 'row': -SPOT * (number // COLUMNS)}
            for number, ((x, y), name) in enumerate(zip(self.places, self.names, strict=True))
        ]  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """A figure with what says the same in words and numbers.

    Attributes:
        name: File name without a suffix, unique in a page.
        title: Above it.
        caption: Below it.
        alt: What it shows, for those who do not see it.
        figure: Drawn with :mod:`cft.visualization.style`.
        table: The numbers that it shows.
        spots: Images over it.
        wide: Whether it takes the whole width of the page.
    """

    name: str
    title: str
    caption: str
    alt: str
    figure: Figure
    table: Table | None = None
    spots: Spots | None = None
    wide: bool = False

    @property
    def svg(self) -> str:
        """The figure as an element of a page."""
        return inline_svg(self.figure, self.name, self.alt)


@dataclass(frozen=True)
class Panels:
    """Figures beside each other where there is room."""

    kind: ClassVar[str] = 'panels'
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Beside:
    """Figures and tables beside each other where there is room."""

    kind: ClassVar[str] = 'beside'
    blocks: Sequence[Grid | Panels]


Block = Prose | Headline | Facts | Sentences | Source | Grid | Gallery | Panels | Beside


def panels_in(blocks: Sequence[Block]) -> list[Panel]:
    """The figures of a section, in their order."""
    found: list[Panel] = []
    for block in blocks:
        if isinstance(block, Beside):
            found += panels_in(block.blocks)
        elif isinstance(block, Panels):
            found += block.panels
    return found


@dataclass(frozen=True)
class Section:
    """A part of a page; one without blocks is left out."""

    name: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
