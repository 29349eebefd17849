"""What a comparison leaves behind: numbers, tables, a page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cft.evaluation import Comparison, statements
from cft.files import write_atomically
from cft.visualization import tables
from cft.visualization.blocks import Grid, Section, Sentences
from cft.visualization.comparison_page import write_comparison
from cft.visualization.comparison_table import comparison_table, learning_curve_table, numbers_table
from cft.visualization.tables import Table

from .amounts import amount_label
from .method_comparison import Choice, MethodComparison

NUMBERS = 'results.json'


def write_results(found: MethodComparison, folder: str | Path, command: str = '') -> list[Path]:
    """Write ``results.json``, tables as Markdown, LaTeX and CSV, and a page for each amount of labels.

    Args:
        found: From :func:`cft.apis.compare`.
        folder: Made if it is missing.
        command: How to do it again.

    Returns:
        The files.

    Example:
        >>> write_results(found, 'work_dirs/flowers')  # doctest: +SKIP
    """
    folder = Path(folder)
    names = {method.key: method.name for comparison in found.comparisons.values() for method in comparison.methods}
    contents = {
        NUMBERS: json.dumps(described(found), indent=1),
        'table.md': '\n\n'.join(map(tables.markdown, result_tables(found))) + '\n',
        'table.tex': '\n\n'.join(map(tables.latex, result_tables(found))) + '\n',
        'table.csv': tables.csv_text(numbers_table(found.comparisons)),
    }
    for name, content in contents.items():
        write_atomically(folder / name, content.encode())
    files = [folder / name for name in contents]
    protocol = Section('protocol', 'How this was found', [Sentences(found.protocol), Grid(choices_table(found, names))])
    for labels, comparison in found.comparisons.items():
        several = len(found.comparisons) > 1
        curve = [Section('amounts', 'Amounts of labels', [Grid(learning_curve_table(found.comparisons))])] * several
        files.append(
            write_comparison(
                folder / (f'report-{labels.replace("%", "percent")}-labels.html' if several else 'report.html'),
                [record for record in found.records if str(record.labels['labels']) == labels],
                comparison,
                title='Comparison of methods' + (f', {_labelled(labels)}' if labels != 'all' else ''),
                lead=', '.join(names.values()),
                command=command,
                statements=statements(comparison),
                extra=[*curve, protocol],
            )
        )
    return files


def result_tables(found: MethodComparison) -> list[Table]:
    """The tables of the result: one for each amount of labels and, of several, the learning curve."""
    shown = [comparison_table(comparison) for comparison in found.comparisons.values()]
    return [*shown, learning_curve_table(found.comparisons)] if len(shown) > 1 else shown


def summary_lines(found: MethodComparison) -> list[str]:
    """Tables, what they support and how they came about, for a terminal."""
    lines: list[str] = []
    for labels, comparison in found.comparisons.items():
        table = comparison_table(comparison)
        title = [f'{_labelled(labels)}:'] if len(found.comparisons) > 1 else []
        lines += ['', *title, tables.text(table), table.caption, '', *(f'- {line}' for line in statements(comparison))]
    if len(found.comparisons) > 1:
        lines += ['', tables.text(learning_curve_table(found.comparisons))]
    return [*lines, '', 'How this was found:', *(f'- {line}' for line in found.protocol)]


def choices_table(found: MethodComparison, names: dict[str, str]) -> Table:
    """What validation chose for each row, and how the trials scored."""
    rows = [
        [
            ' '.join([names[choice.method], choice.domain]).strip(),
            str(amount_label(choice.labels)),
            _settings(choice),
            ' '.join(f'{score:.4g}' for score in choice.scores) or '-',
        ]
        for choice in found.choices
    ]
    return Table(['row', 'labels', 'chosen settings', 'validation of each trial'], rows, caption='Chosen on validation')


def _labelled(labels: str) -> str:
    return f'{labels} of the labels of each class' if labels.endswith('%') else f'{labels} labels of each class'


def described(found: MethodComparison) -> dict[str, Any]:
    """All of it as JSON values."""
    runs = [
        {'name': record.name, 'fingerprint': record.fingerprint, **record.labels, 'metrics': record.metrics}
        for record in found.records
    ]
    return _without_nan(
        {
            'protocol': found.protocol,
            'comparisons': {labels: _described(comparison) for labels, comparison in found.comparisons.items()},
            'choices': [asdict(choice) for choice in found.choices],
            'runs': runs,
        }
    )


def _described(comparison: Comparison) -> dict[str, Any]:
    content = asdict(comparison)
    for method, row in zip(comparison.methods, content['methods'], strict=True):
        for name, result in method.metrics.items():
            row['metrics'][name]['verdict'] = result.verdict
    return {**content, 'statements': statements(comparison)}


def _without_nan(node: Any) -> Any:
    """JSON has no nan."""
    if isinstance(node, Mapping):
        return {str(name): _without_nan(value) for name, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_without_nan(value) for value in node]
    return None if isinstance(node, float) and node != node else node


def _settings(choice: Choice) -> str:
    if not choice.settings:
        return "the config's own"
    # Of a dotted name the last two parts tell enough.
    return ', '.join(f'{".".join(name.split(".")[-2:])}={value}' for name, value in choice.settings.items())
