"""OpenMMLab's metafiles and the READMEs' sections on published results, made from the tables."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cft.errors import ConfigError

from .model import Table
from .rendering import published
from .uses import Collection, Use, measured_cells

BEGIN, END = '<!-- published results: made by tools/write_metafiles.py -->', '<!-- end of published results -->'
# By the end of a config's name.
TASKS = {'_seg': 'Semantic Segmentation', '_det': 'Object Detection', '_det_fpn': 'Object Detection'}
CLASSIFICATION = 'Image Classification'
HEAD = '# Made by tools/write_metafiles.py from configs/tables; what was not run has no results.\n'


def metafile(collection: Collection, uses: Sequence[Use], measured: Mapping[str, Mapping[str, list[float]]]) -> str:
    """``metafile.yml`` of a folder of configs.

    Args:
        collection: The folder.
        uses: Of its configs.
        measured: By table and cell.

    Example:
        >>> text = metafile(collection, uses, {})  # doctest: +SKIP
    """
    own: dict[str, Any] = {'Name': collection.name, 'README': f'configs/{collection.folder}/README.md'}
    if collection.title:
        own['Paper'] = {'Title': collection.title, 'URL': collection.url}
    if collection.code:
        own['Code'] = {'URL': collection.code}
    by_config: dict[str, list[Use]] = {}
    for use in uses:
        by_config.setdefault(use.config, []).append(use)
    models = [_model(collection, config, by_config[config], measured) for config in sorted(by_config)]
    content = {'Collections': [own], 'Models': models}
    return HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def model_index(folders: Sequence[str]) -> str:
    """``model-index.yml`` beside the folders.

    Example:
        >>> print(model_index(['sce']).splitlines()[-1])
        - sce/metafile.yml
    """
    return HEAD + yaml.safe_dump({'Import': [f'{folder}/metafile.yml' for folder in sorted(folders)]})


def readme_section(uses: Sequence[Use], measured: Mapping[str, Mapping[str, list[float]]]) -> str:
    """The tables that a folder's configs are in, row by row, with what is published and what was measured here."""
    lines = ['## Published results', '']
    lines.append(
        '`cft table plan TABLE` tells what its runs cost and what is missing, `cft table run TABLE` makes them.'
    )
    lines += [
        '',
        '| table | row | settings | paper | measured here | command |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    rows: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        if not use.starts:
            rows.setdefault((use.table.name, use.cell.row), []).append(use)
    lines += [_row(row, own, measured.get(table, {})) for (table, row), own in rows.items()]
    starts = list(dict.fromkeys((use.table.name, use.config) for use in uses if use.starts))
    if starts:
        told = [f'{table} from `{config}`' for table, config in starts]
        lines += ['', f'Start of others: {", ".join(told)}.']
    return '\n'.join(lines)


def with_section(readme: str, section: str) -> str:
    """A README with its section replaced, or behind all else where there is none yet.

    Raises:
        ConfigError: If only one of the marks is there.

    Example:
        >>> with_section(with_section('# CE', 'old'), 'new').splitlines()[2:]
        ['<!-- published results: made by tools/write_metafiles.py -->', 'new', '<!-- end of published results -->']
    """
    if (BEGIN in readme) != (END in readme):
        raise ConfigError(f'one of the lines {BEGIN} and {END} is missing')
    if BEGIN not in readme:
        return f'{readme.rstrip()}\n\n{BEGIN}\n{section}\n{END}\n'
    before, _, rest = readme.partition(BEGIN)
    return f'{before}{BEGIN}\n{section}\n{END}{rest.partition(END)[2]}'


def _row(row: str, uses: Sequence[Use], measured: Mapping[str, list[float]]) -> str:
    table = uses[0].table
    changed = dict.fromkeys(name for use in uses for name in use.cell.recipes['paper'].overrides)
    configs = dict.fromkeys(use.config.split('/')[-1] for use in uses)
    settings = ', '.join(configs) + (f'; sets {", ".join(changed)}' if changed else '')
    figures = '; '.join(f'{table.columns[use.cell.column]} {published(use.cell) or "?"}' for use in uses)
    found = [use for use in uses if use.cell.name in measured]
    here = '; '.join(f'{table.columns[use.cell.column]} {_mean(measured[use.cell.name])}' for use in found) or 'not run'
    cells = [_where(table), table.rows[row], settings, figures, here]
    escaped = [cell.replace('|', '&#124;') for cell in cells]
    return f'| {" | ".join(escaped)} | `cft table run {table.name} --cells {row}` |'


def _model(
    collection: Collection, config: str, uses: Sequence[Use], measured: Mapping[str, Mapping[str, list[float]]]
) -> dict[str, Any]:
    stem = config.split('/')[-1]
    task = next((task for ending, task in TASKS.items() if stem.endswith(ending)), CLASSIFICATION)
    results = [
        {
            'Task': task,
            'Dataset': use.table.columns[use.cell.column],
            'Metrics': {use.cell.metric.name: round(statistics.mean(measured[use.table.name][use.cell.name]), 2)},
        }
        for use in uses
        if not use.starts and use.cell.name in measured.get(use.table.name, {})
    ]
    figures = {
        f'{use.table.name} {use.cell.name}': published(use.cell)
        for use in uses
        if not use.starts and published(use.cell)
    }
    metadata = {'Published by the paper, not measured here': figures or 'nothing readable'}
    return {
        'Name': config.replace('/', '_'),
        'In Collection': collection.name,
        'Config': f'configs/{config}.py',
        'Metadata': metadata,
        **({'Results': results} if results else {}),
    }


def _mean(values: Sequence[float]) -> str:
    spread = f' ± {statistics.stdev(values):.2f}' if len(values) > 1 else ''
    return f'{statistics.mean(values):.2f}{spread}'


def _where(table: Table) -> str:
    return f'{table.paper.short}, {table.number}'


def measured_of(tables: Sequence[Table], folder: Path) -> dict[str, dict[str, list[float]]]:
    """What was measured here of all tables."""
    return {table.name: measured_cells(table, folder) for table in tables}
