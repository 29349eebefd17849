"""Pages and figures of trained runs, from their folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cft.errors import ConfigError
from cft.experiments.records import FILE, RUNS
from cft.experiments.search_settings import FILE as SEARCH

from .records import last_start, settings_of
from .several_runs import comparison_of, features_section, reported_runs
from .views import data_of, view_of

if TYPE_CHECKING:
    from cft.experiments.search_settings import SearchSettings
    from cft.experiments.studies import TrialResult
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
    if len(folders) == 1 and (folders[0] / SEARCH).is_file():
        from cft.visualization.search_page import write_search

        return write_search(page, *_search(folders[0]), folders[0].resolve().name)
    single = _runs(folders)
    if len(single) == 1:
        from cft.visualization.run_page import write_run

        return write_run(page, view_of(single[0], split))
    return _write_comparison(page, folders, split)


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
    single = _runs(folders)
    panels: list[Panel]
    if len(folders) == 1 and (folders[0] / SEARCH).is_file():
        from cft.visualization.search_page import search_panels

        panels = search_panels(*_search(folders[0]))
    elif len(single) == 1:
        from cft.visualization.run_page import run_panels

        panels = run_panels(view_of(single[0], split))
    else:
        from cft.visualization.comparison_page import comparison_panels

        records = [record for _, record in reported_runs(single, split)]
        panels = comparison_panels(records, comparison_of(records, split))
    if not panels:
        raise ConfigError(f'{", ".join(map(str, folders))}: nothing was recorded that could be drawn; train first')
    return save_panels(panels, Path(out).expanduser() if out is not None else folders[0] / 'figures', formats)


def _search(folder: Path) -> tuple['SearchSettings', list['TrialResult'], dict[str, float]]:
    from cft.experiments.search_settings import SearchSettings
    from cft.experiments.studies import SharedStudy

    settings = SearchSettings.read(folder)
    study = SharedStudy(folder, settings)
    return settings, study.results(), study.importances()


def _folders(runs: str | Path | Sequence[str | Path]) -> list[Path]:
    folders = [Path(run).expanduser() for run in ([runs] if isinstance(runs, str | Path) else runs)]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f'{folder}: no such folder; give the work dir of a training, or the folder of a plan')
    if not folders:
        raise ConfigError('there is no run to report; give the work dir of a training, or the folder of a plan')
    return folders


def _runs(folders: Sequence[Path]) -> list[Path]:
    """The runs themselves, or the finished ones of a plan."""
    return [
        run for folder in folders for run in sorted(path.parent for path in folder.glob(f'{RUNS}/*/{FILE}')) or [folder]
    ]


def _write_comparison(page: Path, folders: Sequence[Path], split: str) -> Path:
    from cft.evaluation.recommendation import statements
    from cft.visualization.comparison_page import metrics_table, write_comparison
    from cft.visualization.comparison_table import comparison_table
    from cft.visualization.run_sections import data_section

    runs, records = zip(*reported_runs(_runs(folders), split), strict=True)
    comparison = comparison_of(records, split)
    starts = {record.name: last_start(run) for run, record in zip(runs, records, strict=True)}
    settings = {name: settings_of(start['config']) for name, start in starts.items() if start is not None}
    write_comparison(
        page,
        records,
        comparison,
        title=' and '.join(folder.resolve().name for folder in folders) if len(folders) < 4 else f'{len(runs)} runs',
        lead=f'{len(records)} runs, {split} split',
        statements=statements(comparison) if comparison else (),
        extra=[data_section(data_of(runs[0], records[0])), features_section(runs, records, comparison, split)],
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
