"""The page of a search: how the best value was found, and which settings mattered."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .blocks import Block, Facts, Grid, Headline, Panel, Panels, Prose, Section
from .metric_names import shown_name, shown_value
from .page import write_page
from .style import ACCENT, QUIET, WARM, literal, new_figure, quiet_axes, whole_numbers
from .tables import Table

if TYPE_CHECKING:
    from cft.experiments.search_settings import SearchSettings
    from cft.experiments.studies import TrialResult

MOST_PARAMETERS = 12
_ROWS = 40


def write_search(
    path: Path,
    settings: 'SearchSettings',
    trials: Sequence['TrialResult'],
    importances: Mapping[str, float],
    title: str,
) -> Path:
    """Write the page of a search.

    Args:
        path: The HTML file.
        settings: What was searched.
        trials: All that have begun.
        importances: Part of the variation that each parameter accounts for.
        title: Of the page.

    Example:
        >>> write_search(Path('report.html'), settings, trials, importances, 'Flowers')  # doctest: +SKIP
    """
    done = _values(trials)
    blocks: list[Block] = []
    if done:
        chosen = (max if settings.maximise else min)(done, key=lambda number: done[number])
        best = next(trial for trial in trials if trial.number == chosen)
        numbers = [(f'best {shown_name(settings.metric)}', shown_value(settings.metric, done[chosen]), 'on validation')]
        if 0 in done:
            numbers.append(("the config's own values", shown_value(settings.metric, done[0]), 'trial 0'))
        numbers.append(('trials', str(len(trials)), f'{len(done)} complete'))
        point = {name: f'{value:.4g}' if isinstance(value, float) else str(value) for name, value in best.point.items()}
        blocks = [Headline(numbers), Facts(point or {'best settings': "the config's own"})]
        told = 'The best of many trials looks better than it is: report it on the test split, which no trial has read.'
        blocks.append(Prose(told, quiet=True))
    facts = {'config': settings.config, 'metric': settings.metric, 'seeds of a trial': str(settings.seeds)}
    facts |= {'pruner': settings.pruner}
    facts |= {name: str(value) for name, value in settings.overrides.items() if value is not None}
    panels, table = search_panels(settings, trials, importances), trials_table(settings, trials)
    sections = [
        Section('result', 'Best settings', blocks),
        Section('history', 'The search', [Panels(panels)] if panels else []),
        Section('trials', 'Trials', [Grid(table, folded=len(table.rows) > _ROWS)]),
        Section('origin', 'What was searched', [Facts(facts)]),
    ]
    return write_page(path, title, f'{settings.config}, {len(trials)} trials, chosen on validation', sections)


def search_panels(
    settings: 'SearchSettings', trials: Sequence['TrialResult'], importances: Mapping[str, float]
) -> list[Panel]:
    """The history of a search and the importance of its parameters, as far as there are trials."""
    done = _values(trials)
    panels = [history_panel(settings.metric, settings.maximise, done)] if done else []
    return [*panels, importance_panel(importances)] if importances else panels


def history_panel(metric: str, maximise: bool, found: Mapping[int, float]) -> Panel:
    """The value of each complete trial by its number, and the best so far.

    Example:
        >>> [row[2] for row in history_panel('accuracy/top1', True, {0: 80.0, 1: 90.0, 3: 85.0}).table.rows]
        ['80.0', '90.0', '90.0']
    """
    numbers, values = list(found), np.array(list(found.values()))
    best = np.maximum.accumulate(values) if maximise else np.minimum.accumulate(values)
    figure = new_figure()
    axes = figure.subplots()
    axes.step(numbers, best, where='post', color=WARM, linewidth=1.7)
    axes.scatter(numbers, values, s=16, color=ACCENT, linewidths=0)
    axes.set(xlabel='trial', ylabel=literal(f'{shown_name(metric)}, validation'))
    quiet_axes(axes, grid='y')
    whole_numbers(axes)
    rows = [
        [str(number), shown_value(metric, value), shown_value(metric, so_far)]
        for number, value, so_far in zip(numbers, values, best, strict=True)
    ]
    return Panel(
        'history', 'Value of each trial', 'Dots: trials that were completed. Line: the best so far.',
        f'{shown_name(metric)} of {len(rows)} trials; the best is {rows[-1][2]}.', figure,
        Table(['trial', 'value', 'best so far'], rows, caption='Value of each trial'),
    )  # fmt: skip


def importance_panel(importances: Mapping[str, float]) -> Panel:
    """Which settings the value depends on.

    Example:
        >>> importance_panel({'lr': 0.8, 'tau': 0.2}).table.rows
        [['lr', '80 %'], ['tau', '20 %']]
    """
    ordered = sorted(importances.items(), key=lambda item: -item[1])[:MOST_PARAMETERS]
    names, parts = [name for name, _ in ordered], [part for _, part in ordered]
    figure = new_figure(height=0.9 + 0.3 * max(len(names), 3))
    axes = figure.subplots()
    axes.barh(range(len(names)), parts, 0.6, color=ACCENT)
    axes.set_yticks(range(len(names)), [literal(name if len(name) <= 22 else f'...{name[-20:]}') for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel('part of the variation')
    quiet_axes(axes, grid='x')
    axes.spines['left'].set_color(QUIET)
    rows = [[name, f'{100 * part:.0f} %'] for name, part in ordered]
    return Panel(
        'importances', 'Importance of the settings',
        'How much of the variation of the value each setting accounts for, among the trials that were done.',
        'Importance: ' + '; '.join(f'{name} {part}' for name, part in rows) + '.', figure,
        Table(['setting', 'importance'], rows, caption='Importance of the settings'),
    )  # fmt: skip


def trials_table(settings: 'SearchSettings', trials: Sequence['TrialResult']) -> Table:
    """All trials, the best first."""
    sign = -1 if settings.maximise else 1
    names = list(dict.fromkeys(name for trial in trials for name in trial.point))
    order = sorted(trials, key=lambda trial: (trial.value is None, sign * (trial.value or 0.0), trial.number))
    rows = [
        [
            str(trial.number),
            trial.state if trial.value is None else shown_value(settings.metric, trial.value),
            *(_short(trial.point[name]) if name in trial.point else 'own' for name in names),
        ]
        for trial in order
    ]
    return Table(['trial', shown_name(settings.metric), *names], rows, caption='All trials, the best first')


def _short(value: object) -> str:
    return f'{value:.3g}' if isinstance(value, float) else str(value)


def _values(trials: Sequence['TrialResult']) -> dict[int, float]:
    return {trial.number: trial.value for trial in trials if trial.value is not None}
