"""Pages and figures of trained runs, from their folders."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.logging import print_log

from cft.errors import ConfigError
from cft.experiments import RunRecord
from cft.experiments.records import FILE, RUNS

from .run_records import last_start, read_run, settings_of
from .run_views import view_of

if TYPE_CHECKING:
    from cft.evaluation.comparison import Comparison
    from cft.visualization.blocks import Panel

PAGE = 'report.html'
TABLES = ('md', 'tex', 'csv')


def report(runs: str | Path | Sequence[str | Path], out: str | Path | None = None, split: str = 'test') -> Path:
    """Write one HTML file that shows a run, or compares several; it needs nothing beside it.

    The table of the results lies beside it as Markdown, LaTeX and CSV.

    Args:
        runs: Work dirs of trainings, or folders of plans (``cft compare``, ``cft search``); one or several.
        out: The HTML file; default: ``report.html`` in the first folder.
        split: Of a single run, what is reported; evaluated where that was not done and a checkpoint is there.

    Returns:
        The HTML file.

    Raises:
        ConfigError: If a folder holds no run.

    Example:
        >>> report('work_dirs/flowers')  # doctest: +SKIP
        PosixPath('work_dirs/flowers/report.html')
    """
    folders = _folders(runs)
    page = Path(out).expanduser() if out is not None else folders[0] / PAGE
    if page.suffix != '.html':
        raise ConfigError(f'the report is an HTML file: {page} should end with .html')
    single = [run for folder in folders for run in _runs_of(folder)]
    if len(single) == 1:
        from cft.visualization.run_page import write_run

        return write_run(page, view_of(single[0], split))
    return _write_comparison(page, folders, single, split)


def plot(
    runs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    formats: Sequence[str] = ('svg', 'png', 'pdf'),
    split: str = 'test',
) -> list[Path]:
    """Write the figures of a run, or of a comparison, without a page; the numbers of each beside it as CSV.

    Args:
        runs: As of :func:`report`.
        out: Folder; default: ``figures`` in the first one.
        formats: Of the files.
        split: As of :func:`report`.

    Returns:
        The files.

    Raises:
        ConfigError: If a folder holds no run, or nothing was recorded that could be drawn.

    Example:
        >>> plot('work_dirs/flowers', formats=['pdf'])  # doctest: +SKIP
        [PosixPath('work_dirs/flowers/figures/validation-0.pdf'), ...]
    """
    from cft.visualization.files import FORMATS, save_panels

    if unknown := [name for name in formats if name not in FORMATS]:
        raise ConfigError(f'figures are written as {", ".join(FORMATS)}, not as {", ".join(unknown)}')
    folders = _folders(runs)
    single = [run for folder in folders for run in _runs_of(folder)]
    panels: list[Panel]
    if len(single) == 1:
        from cft.visualization.run_page import run_panels

        panels = run_panels(view_of(single[0], split))
    else:
        from cft.visualization.comparison_page import comparison_panels

        records = _records(folders, single, split)
        panels = comparison_panels(records, _comparison(records, split))
    if not panels:
        raise ConfigError(f'{", ".join(map(str, folders))}: nothing was recorded that could be drawn; train first')
    return save_panels(panels, Path(out).expanduser() if out is not None else folders[0] / 'figures', formats)


def _folders(runs: str | Path | Sequence[str | Path]) -> list[Path]:
    folders = [Path(run).expanduser() for run in ([runs] if isinstance(runs, str | Path) else runs)]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f'{folder}: no such folder; give the work dir of a training, or the folder of a plan')
    if not folders:
        raise ConfigError('there is no run to report; give the work dir of a training, or the folder of a plan')
    return folders


def _runs_of(folder: Path) -> list[Path]:
    """The run itself, or the finished runs of a plan."""
    return sorted(path.parent for path in folder.glob(f'{RUNS}/*/{FILE}')) or [folder]


def _records(folders: Sequence[Path], runs: Sequence[Path], split: str) -> list[RunRecord]:
    """Records of all runs under different names; those of plain trainings have the metrics of their evaluation."""
    import dataclasses

    records, taken = [], set()
    for run in runs:
        record = read_run(run)
        if not record.metrics:
            evaluation = view_of(run, split).evaluation
            record = dataclasses.replace(record, metrics={split: evaluation.metrics} if evaluation else {})
        name = record.name if record.name not in taken else str(run)
        taken.add(name)
        records.append(dataclasses.replace(record, name=name))
    return records


def _comparison(records: Sequence[RunRecord], split: str) -> 'Comparison | None':
    """Of the methods, where the runs are those of a comparison and can be paired."""
    from cft.evaluation.comparison import compare_methods
    from cft.visualization.metric_names import in_order

    methods = list(dict.fromkeys(str(record.labels['method']) for record in records if 'method' in record.labels))
    if len(methods) < 2 or any({'method', 'draw'} - set(record.labels) for record in records):
        return None
    metrics = in_order(records[0].metrics.get(split, {}))
    if not metrics:
        return None
    baseline = 'ce' if 'ce' in methods else methods[0]
    try:
        return compare_methods(records, dict(zip(methods, methods, strict=True)), baseline, metrics[0], split)
    except ConfigError as error:
        print_log(f'The methods are shown side by side: {error}', 'current', logging.WARNING)
        return None


def _write_comparison(page: Path, folders: Sequence[Path], runs: Sequence[Path], split: str) -> Path:
    from cft.evaluation.recommendation import statements
    from cft.visualization.comparison_page import metrics_table, write_comparison
    from cft.visualization.comparison_table import comparison_table

    records = _records(folders, runs, split)
    comparison = _comparison(records, split)
    starts = {record.name: last_start(run) for record, run in zip(records, runs, strict=True)}
    settings: dict[str, dict[str, Any]] = {
        name: settings_of(start['config']) for name, start in starts.items() if start is not None
    }
    write_comparison(
        page,
        records,
        comparison,
        title=' and '.join(folder.resolve().name for folder in folders) if len(folders) < 4 else f'{len(runs)} runs',
        lead=f'{len(records)} runs, {split} split',
        statements=statements(comparison) if comparison else (),
        settings=settings if len(settings) == len(records) else None,
    )
    write_tables(comparison_table(comparison) if comparison else metrics_table(records), page.with_suffix(''))
    return page


def write_tables(table: Any, place: Path) -> list[Path]:
    """Write a table as Markdown, LaTeX and CSV beside a page.

    Args:
        table: A :class:`cft.visualization.tables.Table`.
        place: The file without its suffix.
    """
    from cft.files import write_atomically
    from cft.visualization.tables import csv_text, latex, markdown

    files = []
    for kind, content in zip(TABLES, (markdown(table), latex(table), csv_text(table)), strict=True):
        files.append(place.with_suffix(f'.{kind}'))
        write_atomically(files[-1], f'{content.rstrip()}\n'.encode())
    return files
