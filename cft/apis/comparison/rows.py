"""The rows of a comparison: methods and checkpoints by the texts of the command line."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cft.apis.completion.backbone_choice import OPEN, choose_backbone
from cft.apis.configs.catalogue import find_config, list_configs
from cft.apis.configs.config import load_config
from cft.apis.configs.overrides import values_of
from cft.datasets.detection_layout import find_layout
from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.segmentation_layout import find_splits
from cft.datasets.table_file import is_table
from cft.engine.config_nodes import innermost_dataset
from cft.errors import ConfigError

NAMES = {
    'ce': 'CE',
    'scl': 'SCL',
    'coretuning': 'Core-tuning',
    'coin': 'COIN',
    'schane': 'SCHaNe',
    'l2sp': 'L2-SP',
    'delta': 'DELTA',
    'bss': 'BSS',
    'rifle': 'RIFLE',
    'noisytune': 'Noisy-Tune',
    'mm': 'M&M',
    'bituning': 'Bi-tuning',
    'triplet': 'CE + triplet',
    'ce_simclr': 'CE + SimCLR',
}
# The config of a method by the task.
TASKS = {
    'classification': 'folder',
    'segmentation': 'folder_seg',
    'detection': 'folder_det',
    'domains': 'folder_dg',
}
SCRATCH = '@scratch'
# Folders of these names hold images and labels of other kinds.
NO_CLASSES = {'annotations', 'images', 'imagesets', 'jpegimages', 'labels', 'masks', 'segmentationclass'}


@dataclass(frozen=True)
class Row:
    """A method that starts from a checkpoint.

    Attributes:
        key: Identifier, such as ``'scl'`` or, with several checkpoints, ``'moco/scl'``.
        name: To show.
        config: As :func:`cft.apis.load_config` takes it.
        overrides: Of all its runs.
    """

    key: str
    name: str
    config: str
    overrides: Mapping[str, Any]

    @property
    def file_name(self) -> str:
        """The key as a part of a name of a run.

        Example:
            >>> Row('moco/ce@scratch', 'CE', 'ce/folder', {}).file_name
            'moco-ce-scratch'
        """
        return re.sub(r'[^A-Za-z0-9._]+', '-', self.key).strip('-.')


def find_task(data_root: str | Path) -> str:
    """What the labels of a folder are for, found by looking.

    Boxes or masks where there are labels of these kinds; domains where two or
    more folders hold class folders of the same names; else classes.

    Raises:
        ConfigError: If there is no such file or folder.

    Example:
        >>> find_task('flowers')  # doctest: +SKIP
        'classification'
    """
    root = Path(data_root)
    if not root.exists():
        raise ConfigError(f'no folder or table {root}; give data_root=FOLDER')
    if is_table(root):
        return 'classification'
    reasons = []
    for task, look in (('detection', find_layout), ('segmentation', find_splits)):
        reason = _reason_against(look, root)
        if reason is None:
            return task
        reasons.append(reason)
    splits = {name for names in SPLIT_FOLDERS.values() for name in names}
    folders = [entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith('.')]
    if found := sorted(folder.name for folder in folders if folder.name.lower() in NO_CLASSES):
        raise ConfigError(
            f'{root} has {", ".join(found)}, which look like images with boxes or masks, and is neither: '
            f'{"; ".join(reasons)}. Mend this, or say what it is: task={"|".join(TASKS)}'
        )
    below = [{entry.name for entry in folder.iterdir() if entry.is_dir()} for folder in folders]
    alike = len(folders) > 1 and len(below[0]) > 1 and all(names == below[0] for names in below)
    return 'domains' if alike and not splits & {folder.name.lower() for folder in folders} else 'classification'


def rows_of(
    methods: Sequence[str],
    checkpoints: Sequence[str | None],
    task: str | None,
    overrides: Sequence[str] | Mapping[str, Any] = (),
) -> list[Row]:
    """Every method with every checkpoint.

    Args:
        methods: Names of methods, whose config for the task is taken, or configs; with ``@scratch`` behind it, one
            that starts from random weights of the first checkpoint's network.
        checkpoints: Files to start from; None: whatever the configs say.
        task: One of :data:`TASKS`; None where only configs are named.
        overrides: Settings of all runs.

    Raises:
        ConfigError: If a method has no config for the task, a config is none that trains, validates and tests, a
            checkpoint is missing, or a row occurs twice.

    Example:
        >>> [row.key for row in rows_of(['ce', 'scl'], [None], 'classification', {'backbone': 'resnet18'})]
        ['ce', 'scl']
    """
    for checkpoint in checkpoints:
        if checkpoint is not None and not Path(checkpoint).is_file():
            raise ConfigError(f'no checkpoint {checkpoint}; give a file, checkpoint=a.pth or checkpoint=a.pth,b.pth')
    prefixes = _prefixes(checkpoints)
    rows = []
    for checkpoint, prefix in zip(checkpoints, prefixes, strict=True):
        for text in methods:
            method, scratch = text.removesuffix(SCRATCH), text.endswith(SCRATCH)
            if scratch and checkpoint != checkpoints[0]:
                continue
            config = config_of(method, task)
            own = {} if checkpoint is None else {'checkpoint': str(checkpoint)}
            settings = {**settings_of(config, overrides), **own}
            name = NAMES.get(method, method)
            if scratch:
                settings |= _from_scratch(config, settings)
                rows.append(Row(text, f'{name} from scratch', config, settings))
            else:
                rows.append(Row(prefix + method, f'{prefix.replace("/", ": ")}{name}', config, settings))
    keys = [row.key for row in rows]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise ConfigError(f'{twice[0]} is named twice in methods={",".join(methods)}; name each once')
    return rows


def is_config(method: str) -> bool:
    """Whether a config is named, not a method.

    Example:
        >>> is_config('scl'), is_config('scl/r50_folder')
        (False, True)
    """
    return '/' in method or method.endswith('.py')


def config_of(method: str, task: str | None) -> str:
    """The config of a method for a task, or the config that was named.

    Example:
        >>> config_of('scl', 'segmentation')
        'scl/folder_seg'
    """
    if is_config(method):
        path = find_config(method)
        return str(path) if Path(method).is_file() else method
    assert task is not None, 'a method has a config for each task'
    name = f'{method}/{TASKS[task]}'
    named = list_configs(f'*/{TASKS[task]}')
    if name not in named or not (method in NAMES or _judged(name)):
        known = sorted(other.split('/')[0] for other in named if _judged(other))
        raise ConfigError(
            f'method {method} has no config for {task} ({name}); there are {", ".join(known)}, or name a config'
        )
    return name


def settings_of(config: str, overrides: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the command line as values, read for a config.

    Example:
        >>> settings_of('ce/folder', ['image_size=32', 'data_root=2024'])
        {'image_size': 32, 'data_root': '2024'}
    """
    if isinstance(overrides, Mapping):
        return dict(overrides)
    return values_of(load_config(config)._cfg_dict, overrides)


def _reason_against(look: Callable[[Path], object], root: Path) -> str | None:
    # What a kind of labels that the folder does not have would leave out is no news.
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        look(root)
    except ConfigError as error:
        return str(error)
    finally:
        logging.disable(before)
    return None


def _judged(name: str) -> bool:
    """Whether a config validates and tests; those of pre-training do not."""
    cfg = load_config(name)
    return bool(cfg.get('val_dataloader') and cfg.get('test_dataloader'))


def _prefixes(checkpoints: Sequence[str | None]) -> list[str]:
    if len(checkpoints) == 1:
        return ['']
    stems = [Path(str(checkpoint)).stem for checkpoint in checkpoints]
    if len(set(stems)) < len(stems):
        # Work dirs whose checkpoints are all called epoch_200.
        stems = [
            f'{Path(str(checkpoint)).parent.name}-{stem}' for checkpoint, stem in zip(checkpoints, stems, strict=True)
        ]
    return [f'{stem}/' for stem in stems]


def _from_scratch(config: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Random weights in the network that the checkpoint has."""
    cfg = load_config(config, settings)
    if cfg.model.get('backbone', {}).get('type') != OPEN:
        return {'checkpoint': None}
    choose_backbone(cfg)
    return {'checkpoint': None, 'model.backbone': cfg.model.backbone.to_dict()}


def reads_classes(cfg: Any) -> bool:
    """Whether the training images of a config have one class each, of which some labels can be taken."""
    kind = str(innermost_dataset(cfg.train_dataloader.dataset).get('type'))
    return cfg.get('default_scope') == 'mmpretrain' and kind != 'cft.MultiLabelTable'
