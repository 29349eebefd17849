"""The many-shot suite of linear transfer: one self-supervised backbone on eleven data sets (SCE, table 9)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cft.apis.configs.config import load_config
from cft.engine.config_nodes import innermost_dataset
from cft.errors import ConfigError
from cft.experiments import Run, RunRecord

# By its name the config of each and what the paper reports on it, in the order of the table.
SUITE = {
    'food101': ('ce/r50_food101', 'many_shot/top1'),
    'cifar10': ('ce/r50_cifar10', 'many_shot/top1'),
    'cifar100': ('ce/r50_cifar100', 'many_shot/top1'),
    'sun397': ('ce/r50_sun397', 'many_shot/top1'),
    'cars': ('ce/r50_cars', 'many_shot/top1'),
    'aircraft': ('ce/r50_aircraft', 'many_shot/mean_per_class'),
    'voc07': ('ce/r50_voc07_multilabel', 'many_shot/map'),
    'dtd': ('ce/r50_dtd', 'many_shot/top1'),
    'pets': ('ce/r50_pets', 'many_shot/mean_per_class'),
    'caltech101': ('ce/r50_caltech101', 'many_shot/mean_per_class'),
    'flowers102': ('ce/r50_flowers102', 'many_shot/mean_per_class'),
}
# The shorter side, resized bicubically, of which the centre is taken (Ericsson et al., linear.py; BYOL, appendix D).
SIDE = 224


def many_shot_runs(
    checkpoint: str | Path,
    names: Sequence[str] = tuple(SUITE),
    data: str | Path = 'data',
    overrides: Mapping[str, Any] | None = None,
) -> list[Run]:
    """Runs that measure features without training, one for each data set.

    Args:
        checkpoint: A self-supervised ResNet-50.
        names: Keys of ``SUITE``.
        data: Folder of all data sets, as ``tools/datasets/prepare.py`` fills it.
        overrides: Further config settings of all runs.

    Returns:
        Runs for :func:`cft.apis.run_plan` with the labels ``data`` and ``measure``.

    Raises:
        ConfigError: If a data set is none of the suite.

    Example:
        >>> [run.options['measures'] for run in many_shot_runs('moco.pth', ['dtd', 'pets'])]
        [['many_shot/top1'], ['many_shot/mean_per_class']]
    """
    unknown = [name for name in names if name not in SUITE]
    if unknown:
        raise ConfigError(f'the many-shot suite has no data set {unknown[0]!r}; it has {", ".join(SUITE)}')
    runs = []
    for name in names:
        config, measure = SUITE[name]
        cfg = load_config(config)
        pipeline = innermost_dataset(cfg.test_dataloader.dataset)['pipeline']
        resize = next(place for place, step in enumerate(pipeline) if step['type'] == 'ResizeEdge')
        settings = {
            **(overrides or {}),
            'checkpoint': str(checkpoint),
            'data_root': str(Path(data, *Path(cfg.data_root).parts[1:])),
            f'test_dataloader.dataset.pipeline.{resize}.scale': SIDE,
            f'test_dataloader.dataset.pipeline.{resize}.interpolation': 'bicubic',
        }
        options = {'splits': ['test'], 'measures': [measure], 'train': False}
        runs.append(Run(name, config, settings, labels={'data': name, 'measure': measure}, options=options))
    return runs


def many_shot_table(records: Sequence[RunRecord]) -> str:
    """The row of the paper's table, as Markdown, with the average.

    Args:
        records: Of :func:`many_shot_runs`.

    Raises:
        ConfigError: If a measure could not be computed; the log of the run tells why.
    """
    values = []
    for record in records:
        measure = record.labels['measure']
        if measure not in record.metrics['test']:
            raise ConfigError(f'{measure} is not defined on {record.name}; its log says why')
        values.append(record.metrics['test'][measure])
    columns = [record.name for record in records] + ['average']
    cells = [f'{value:.1f}' for value in (*values, sum(values) / len(values))]
    return '\n'.join(f'| {" | ".join(row)} |' for row in (columns, ['---:'] * len(columns), cells))
