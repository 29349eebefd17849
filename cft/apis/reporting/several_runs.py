"""Several runs as one: their records, the comparison that they make, and their features side by side."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmengine.logging import print_log

from cft.apis.comparison.rows import NAMES, SCRATCH
from cft.errors import ConfigError
from cft.evaluation.comparison import Comparison, compare_methods
from cft.evaluation.result import Evaluation
from cft.experiments import RunRecord

from .records import read_run
from .views import evaluation_of, rows_of

if TYPE_CHECKING:
    from cft.visualization.blocks import Panel, Section

MOST_EMBEDDED = 6  # methods whose features are drawn: some seconds each


def reported_runs(runs: Sequence[Path], split: str) -> list[tuple[Path, RunRecord]]:
    """The runs with results on a split, each with its record under a name of its own.

    Those of plain trainings have the metrics of their evaluation, which is done
    where it was not. Of a plan the trials that only chose settings are left
    out; where no run has results on the split, all are kept.

    Args:
        runs: Folders.
        split: Its name.

    Example:
        >>> reported_runs([Path('work_dirs/ce'), Path('work_dirs/scl')], 'test')  # doctest: +SKIP
    """
    found: dict[str, tuple[Path, RunRecord]] = {}
    for run in runs:
        record = read_run(run)
        if not record.metrics and (evaluation := evaluation_of(run, split, [])) is not None:
            record = dataclasses.replace(record, metrics={split: evaluation.metrics})
        name = record.name if record.name not in found else str(run)
        found[name] = run, dataclasses.replace(record, name=name)
    return [pair for pair in found.values() if split in pair[1].metrics] or list(found.values())


def comparison_of(records: Sequence[RunRecord], split: str) -> Comparison | None:
    """The comparison of the methods of runs, against ``ce`` or the first; None where they make none.

    Args:
        records: With the labels ``method`` and ``draw``.
        split: Whose metrics.
    """
    from cft.visualization.metric_names import in_order

    methods = list(dict.fromkeys(str(record.labels['method']) for record in records if 'method' in record.labels))
    if len(methods) < 2 or any({'method', 'draw'} - set(record.labels) for record in records):
        return None
    metrics = in_order(records[0].metrics.get(split, {}))
    baseline = 'ce' if 'ce' in methods else methods[0]
    known = list(NAMES)
    methods.sort(
        key=lambda key: (key.removesuffix(SCRATCH) != baseline, known.index(key) if key in known else len(known))
    )
    names = {key: method_name(key) for key in methods}
    try:
        return compare_methods(records, names, baseline, metrics[0], split) if metrics else None
    except ConfigError as error:
        print_log(f'The methods are shown side by side: {error}', 'current', logging.WARNING)
        return None


def method_name(key: str) -> str:
    """A row of a comparison as its table names it.

    Example:
        >>> method_name('ce@scratch'), method_name('moco/coretuning'), method_name('mine')
        ('CE from scratch', 'moco: Core-tuning', 'mine')
    """
    *checkpoint, method = key.removesuffix(SCRATCH).split('/')
    name = ': '.join([*checkpoint, NAMES.get(method, method)])
    return f'{name} from scratch' if key.endswith(SCRATCH) else name


def features_section(
    runs: Sequence[Path], records: Sequence[RunRecord], comparison: Comparison | None, split: str
) -> 'Section':
    """The features of one run of each method in the plane, as far as they were kept."""
    from cft.visualization.blocks import Panels, Section
    from cft.visualization.embedding import embedding_panel

    names = {method.key: method.name for method in comparison.methods} if comparison else {}
    panels: dict[str, Panel] = {}
    for run, record in zip(runs, records, strict=True):
        key = str(record.labels.get('method', record.name))
        rows = rows_of(run, split) if key not in panels and len(panels) < MOST_EMBEDDED else {}
        if 'features' in rows and 'labels' in rows:
            classes = _classes(run, split, int(rows['labels'].max()) + 1)
            title = names.get(key, key)
            title = title if title == record.name else f'{title} ({record.name})'
            panels[key] = embedding_panel(f'features-{len(panels)}', title, rows['features'], rows['labels'], classes)
    return Section('features', 'Features (t-SNE)', [Panels(list(panels.values()))] if panels else [])


def _classes(run: Path, split: str, count: int) -> list[str]:
    try:
        return [str(name) for name in Evaluation.read(run, split).classes]
    except FileNotFoundError:
        return [str(label) for label in range(count)]
