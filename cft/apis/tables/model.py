"""What a published table is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal['paper', 'released', 'stand-in']


@dataclass(frozen=True)
class Metric:
    """What a cell reports.

    Attributes:
        name: As the paper calls it.
        key: Of :attr:`cft.experiments.RunRecord.metrics`; ``'hours'`` and ``'step_seconds'`` are the record's own.
            None where the paper shows a picture.
        unit: Such as ``'%'``.
        split: On which it is measured.
        higher_is_better: None where neither is.

    Example:
        >>> Metric('accuracy', 'accuracy/top1').split
        'test'
    """

    name: str
    key: str | None
    unit: str = '%'
    split: str = 'test'
    higher_is_better: bool | None = True


@dataclass(frozen=True)
class Checkpoint:
    """A file that others have trained.

    Attributes:
        name: Key in ``starts.yaml``.
        title: What it is.
        file: Its name below the folder of all checkpoints.
        source: Where it comes from.

    Example:
        >>> Checkpoint('moco', 'MoCo-v2', 'moco.pth.tar', 'https://github.com/facebookresearch/moco').file
        'moco.pth.tar'
    """

    name: str
    title: str
    file: str
    source: str


@dataclass(frozen=True)
class Recipe:
    """What is run.

    Attributes:
        config: File or name of a config.
        overrides: Dotted names and values.
        options: As of :func:`cft.apis.train_and_measure`.
        start: What ``checkpoint`` is; None: as the config has it.
        epoch: Of ``start`` the checkpoint after so many epochs; None: its last one.
        name: Of a run that others start from.
        per_seed: Whether it is run for each seed, where others start from it.

    Example:
        >>> Recipe('schane/beit3_b16_cifar_fs').start is None
        True
    """

    config: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    start: 'Checkpoint | Recipe | None' = None
    epoch: int | None = None
    name: str = ''
    per_seed: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell with the figure that is published, and how it is reproduced.

    Attributes:
        row: Key of its row.
        column: Key of its column.
        metric: What it reports.
        value: As published; None if it cannot be read, ``unreadable`` says why.
        spread: What is printed behind it after ±.
        recipes: By mode; empty if there is nothing to run.
        metrics: What the run of a mode reports, where that is not ``metric``.
        average_of: Columns whose mean the cell is.
        quoted: Why the paper itself did not run it.
        not_run: Why no config of ``cft`` does.
        unreadable: Why ``value`` is None.
        remark: What else is to be known.
        digits: Decimal places that its column is printed with.

    Example:
        >>> Cell('ce', 'cifar10', Metric('accuracy', 'accuracy/top1'), 94.7, quoted='from [1]').name
        'ce.cifar10'
    """

    row: str
    column: str
    metric: Metric
    value: float | None
    spread: float | None = None
    recipes: Mapping[Mode, Recipe] = field(default_factory=dict)
    metrics: Mapping[Mode, Metric] = field(default_factory=dict)
    average_of: tuple[str, ...] = ()
    quoted: str | None = None
    not_run: str | None = None
    unreadable: str | None = None
    remark: str | None = None
    digits: int = 2

    @property
    def name(self) -> str:
        """``row.column``, unique in its table."""
        return f'{self.row}.{self.column}'

    def metric_of(self, mode: Mode) -> Metric:
        """What the run of a mode reports."""
        return self.metrics.get(mode, self.metric)


@dataclass(frozen=True)
class Paper:
    """Where tables were published.

    Attributes:
        name: Folder below ``configs/tables``.
        title: Of the paper.
        short: How one calls it.
        authors: As it names them.
        venue: And year.
        url: Of the paper.
        code: Of what its authors released; None if nothing.
        collections: Folders of ``configs`` whose README tells of it.

    Example:
        >>> Paper('coin', 'Contrastive Initialization', 'COIN', 'Pan et al.', 'arXiv 2022', 'https://arxiv.org').short
        'COIN'
    """

    name: str
    title: str
    short: str
    authors: str
    venue: str
    url: str
    code: str | None = None
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of a paper, or a figure that reports experiments.

    Attributes:
        name: ``<paper>/<file>``, such as ``schane/table_1``.
        paper: Where it stands.
        number: As the paper numbers it.
        title: What it is about.
        protocol: Data, splits, metric, runs and epochs as the paper states them.
        published_with: Whether the figures belong to the paper's text or to the released code, and why.
        runs: Over how many runs a figure is the mean; None: the paper does not say.
        spread: What ± is.
        rows: Title by key.
        columns: Title by key.
        cells: Row by row.
        baseline: Row that others are tested against; None: the first that is run.

    Example:
        >>> table = Table('coin/table_3', paper, 'table 3', ..., cells=())  # doctest: +SKIP
    """

    name: str
    paper: Paper
    number: str
    title: str
    protocol: str
    published_with: str
    runs: int | None
    spread: str | None
    rows: Mapping[str, str]
    columns: Mapping[str, str]
    cells: tuple[Cell, ...]
    baseline: str | None = None

    def cell(self, row: str, column: str) -> Cell | None:
        """The cell, if the paper fills it."""
        return next((cell for cell in self.cells if (cell.row, cell.column) == (row, column)), None)

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What can be run."""
        found = {mode for cell in self.cells for mode in cell.recipes}
        return tuple(mode for mode in ('paper', 'released', 'stand-in') if mode in found)
