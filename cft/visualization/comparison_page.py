"""The page of several runs: methods against each other, or runs side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cft.evaluation.comparison import Comparison, direction
from cft.experiments import RunRecord

from .amounts import shown_memory, shown_time
from .blocks import Block, Facts, Grid, Panel, Panels, Prose, Section, Sentences, Source, panels_in
from .comparison_table import comparison_table
from .curves import curve_panels
from .metric_names import as_title, in_order, shown_name, shown_value
from .page import write_page
from .results import differences_panel, pairs_table, results_panel
from .tables import Table

MOST_MEASURES = 8  # figures of measures besides the main one
LONGEST = 100  # letters of a setting
_ROWS = 12  # of a table that is not folded


def write_comparison(
    path: Path,
    records: Sequence[RunRecord],
    comparison: Comparison | None = None,
    *,
    title: str,
    lead: str = '',
    command: str = '',
    statements: Sequence[str] = (),
    extra: Sequence[Section] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write the page of a comparison.

    Args:
        path: The HTML file.
        records: Of all runs; the label ``method`` groups their curves.
        comparison: Of their methods; None: the runs are shown side by side.
        title: Of the page.
        lead: What was compared on what data, one sentence.
        command: How to do it again.
        statements: What the numbers support, the recommendation first.
        extra: Sections that follow the result.
        settings: By name of the run, all its settings; default: config and overrides of the records.

    Example:
        >>> write_comparison(Path('report.html'), records, comparison, title='Flowers')  # doctest: +SKIP
    """
    sections = [
        _result(records, comparison, statements),
        *([_pairs(comparison), _measures(comparison)] if comparison else []),
        *extra,
        _curves(records, comparison),
        _runs(records, with_results=comparison is not None),
        _settings(records, settings),
        _origin(records, command),
    ]
    return write_page(path, title, lead, sections)


def comparison_panels(records: Sequence[RunRecord], comparison: Comparison | None) -> list[Panel]:
    """The figures of a comparison, without the page."""
    sections = [_result(records, comparison, ()), _curves(records, comparison)]
    sections += [_measures(comparison)] if comparison else []
    return [panel for section in sections for panel in panels_in(section.blocks)]


def _result(records: Sequence[RunRecord], comparison: Comparison | None, statements: Sequence[str]) -> Section:
    blocks: list[Block] = [Prose(statements[0])] if statements else []
    if comparison is None:
        blocks.append(Grid(metrics_table(records)))
    else:
        blocks.append(Grid(comparison_table(comparison)))
        panels = [results_panel(comparison)]
        if len(comparison.methods) > 1:
            panels.append(differences_panel(comparison))
        blocks.append(Panels(panels))
    if statements[1:]:
        blocks.append(Sentences(statements[1:]))
    return Section('result', 'Result', blocks)


def _pairs(comparison: Comparison) -> Section:
    if len(comparison.methods) < 2:
        return Section('pairs', 'Pairs of methods')
    table = pairs_table(comparison)
    told = (
        f'The two of a pair met the same {comparison.paired_by}s. p is that of a paired t-test, and "p (Holm)" is '
        'corrected for the number of pairs. Intervals are of 95 %, without that correction.'
    )
    return Section('pairs', 'Pairs of methods', [Prose(told, quiet=True), Grid(table, folded=len(table.rows) > 20)])


def _measures(comparison: Comparison) -> Section:
    names = [name for name in comparison.methods[0].metrics if name != comparison.metric]
    if len(comparison.methods) < 2 or not names:
        return Section('measures', 'Other measures')
    words = {1: 'larger is better', -1: 'smaller is better', 0: 'neither is better in itself'}
    directions = '. '.join(f'{as_title(shown_name(name))}: {words[direction(name)]}' for name in names[:MOST_MEASURES])
    panels = [differences_panel(comparison, name) for name in names[:MOST_MEASURES]]
    return Section('measures', 'Other measures', [Prose(f'{directions}.', quiet=True), Panels(panels)])


def _curves(records: Sequence[RunRecord], comparison: Comparison | None) -> Section:
    names = {method.key: method.name for method in comparison.methods} if comparison else {}
    curves: dict[str, list] = {}
    for record in records:
        key = record.labels.get('method', record.name)
        curves.setdefault(names.get(key, str(key)), []).append(record.curves)
    baseline = names.get(comparison.baseline) if comparison else None
    stages = sorted({step for record in records for step in record.stages})
    panels = curve_panels(curves, stages, baseline)
    return Section('curves', 'Learning curves', [Panels(panels)] if panels else [])


def metrics_table(records: Sequence[RunRecord], most: int = 8) -> Table:
    """A row for each run, its metrics in columns.

    Example:
        >>> metrics_table([RunRecord('ce-0', '', 'ce/folder', metrics={'test': {'accuracy/top1': 91.0}})]).rows
        [['ce-0', '91.0']]
    """
    names = dict.fromkeys((split, name) for record in records for split in record.metrics
                          for name in in_order(record.metrics[split]))  # fmt: skip
    shown = list(names)[:most]
    several = len({split for split, _ in shown}) > 1
    rows = [
        [record.name, *(shown_value(name, record.metrics.get(split, {}).get(name, float('nan')))
                        for split, name in shown)]
        for record in records
    ]  # fmt: skip
    columns = [f'{shown_name(name)}, {split}' if several else shown_name(name) for split, name in shown]
    return Table(['run', *columns], rows, caption='Results of each run')


def _runs(records: Sequence[RunRecord], with_results: bool) -> Section:
    rows = [
        [record.name, str(record.seed), shown_time(record.seconds),
         f'{record.step_seconds:.3g} s' if record.step_seconds else '-',
         shown_memory(record.peak_bytes) if record.peak_bytes else '-']
        for record in records
    ]  # fmt: skip
    table = Table(['run', 'seed', 'time', 'a step', 'memory'], rows, caption=f'Cost of {len(rows)} runs')
    blocks: list[Block] = [Grid(table, folded=len(rows) > _ROWS)]
    results = metrics_table(records)
    if with_results and len(results.columns) > 1:
        blocks.append(Grid(results, folded=len(rows) > _ROWS))
    return Section('runs', 'All runs', blocks)


def differing(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What is not the same in all runs: for each setting its value by run.

    Example:
        >>> differing({'a': {'lr': 0.1, 'epochs': 5}, 'b': {'lr': 0.2, 'epochs': 5}})
        {'lr': {'a': '0.1', 'b': '0.2'}}
    """
    names = dict.fromkeys(name for own in settings.values() for name in own)
    values = {name: {run: str(own.get(name, '-')) for run, own in settings.items()} for name in names}
    return {name: by_run for name, by_run in values.items() if len(set(by_run.values())) > 1}


def _settings(records: Sequence[RunRecord], settings: Mapping[str, Mapping[str, Any]] | None) -> Section:
    """By method where all its runs agree, else by run."""
    settings = settings or {record.name: {'config': record.config, **record.overrides} for record in records}
    by_group: dict[str, dict[str, list[str]]] = {}
    for name, by_run in differing(settings).items():
        for record in records:
            group = str(record.labels.get('method', record.name))
            values = by_group.setdefault(name, {}).setdefault(group, [])
            if by_run[record.name] not in values:
                values.append(by_run[record.name])
    groups = list(dict.fromkeys(str(record.labels.get('method', record.name)) for record in records))
    rows = [
        [name, *(_together(values.get(group, [])) for group in groups)]
        for name, values in by_group.items()
        if name not in ('work_dir', 'experiment_name') and not name.endswith('seed')
    ]
    if not rows:
        return Section('settings', 'Settings')
    table = Table(['setting', *groups], rows, caption='Settings that are not the same in all runs')
    return Section('settings', 'Settings that differ', [Grid(table, folded=len(rows) > 2 * _ROWS)])


def _together(values: Sequence[str]) -> str:
    text = ' | '.join(values) if len(values) <= 3 else f'{len(values)} values'
    return text if len(text) <= LONGEST else f'{text[: LONGEST - 3]}...'


def _origin(records: Sequence[RunRecord], command: str) -> Section:
    blocks: list[Block] = [Source(command)] if command else []
    versions: dict[str, set[str]] = {}
    for record in records:
        for name, version in record.versions.items():
            if not isinstance(version, Mapping):
                versions.setdefault(name, set()).add(str(version))
    seeds = sorted({record.seed for record in records})
    facts = {'runs': str(len(records)), 'seeds': ', '.join(map(str, seeds[:20])) + (' ...' if len(seeds) > 20 else '')}
    facts['time of all runs'] = shown_time(sum(record.seconds for record in records))
    facts |= {name: ' | '.join(sorted(found)) for name, found in versions.items()}
    blocks.append(Facts(facts))
    return Section('origin', 'How to get it again', blocks)
