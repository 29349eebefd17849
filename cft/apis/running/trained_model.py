"""The model that a training left: its config, one of its checkpoints, and its weights."""

import colorsys
import logging
import re
from pathlib import Path

from mmengine.logging import print_log
from torch import nn

from cft.apis.configs.catalogue import find_config
from cft.checkpoints import read_checkpoint
from cft.engine.checkpointing import classes_of, fill, find_resumable, require_whole
from cft.engine.class_heads import num_classes_of
from cft.errors import ConfigError

# As MMEngine names the best checkpoint by a metric, such as best_accuracy_top1_epoch_3.pth.
BEST = re.compile(r'best_(?P<metric>.+)_(?:epoch|iter)_(?P<step>\d+)\.pth')
TEMPLATES = ('epoch_{}.pth', 'iter_{}.pth')


def find_trained(model: str | Path, checkpoint: str | Path | None = None) -> tuple[Path, Path]:
    """The config and the checkpoint of a trained model.

    Args:
        model: The work dir of a run or, with a checkpoint, also a config.
        checkpoint: A checkpoint of that run; None: of a work dir the best one
            or, where validation chose none, the newest complete one. A log line
            tells which.

    Returns:
        Both files.

    Raises:
        ConfigError: If there is no config, or no checkpoint, or there are best
            ones by several metrics.

    Example:
        >>> find_trained('work_dirs/flowers')  # doctest: +SKIP
        (PosixPath('work_dirs/flowers/r50_folder.py'), PosixPath('work_dirs/flowers/best_accuracy_top1_epoch_9.pth'))
    """
    if checkpoint is not None:
        return find_config(model), Path(checkpoint)
    folder = Path(model).expanduser()
    if not folder.is_dir():
        config = find_config(model)
        raise ConfigError(
            f'{config} is a config, and a checkpoint is required with it: name one after it, or give the work dir of '
            'a run alone'
        )
    config = find_config(folder)
    best: dict[str, tuple[int, Path]] = {}
    for path in folder.glob('best_*.pth'):
        if match := BEST.fullmatch(path.name):
            best[match['metric']] = max(best.get(match['metric'], (-1, path)), (int(match['step']), path))
    if len(best) > 1:
        names = ', '.join(path.name for _, path in sorted(best.values()))
        raise ConfigError(f'{folder} has the best checkpoints by several metrics; name one of {names} after it')
    for metric, (_, path) in best.items():
        print_log(f'checkpoint: {path}, the best by {metric}', 'current')
        return config, path
    for template in TEMPLATES:
        if newest := find_resumable(folder, folder, template):
            print_log(f'checkpoint: {newest}, the newest; validation chose no best one', 'current')
            return config, newest
    raise ConfigError(f'{folder} has no checkpoint yet; train first, or name the file after it')


def fill_trained(model: nn.Module, checkpoint: str) -> dict:
    """Fill a model as a whole, and tell of the data that it was trained on.

    OpenMMLab's loading passes over what a checkpoint lacks, and names the
    classes of one that does not after Cityscapes or COCO.

    Args:
        model: Built from the config of the run.
        checkpoint: The file.

    Returns:
        What the checkpoint keeps of the data, with a ``palette``, and the names
        of all ``classes``: their numbers, with a warning, if it does not name them.

    Raises:
        ConfigError: If it is no checkpoint of this model.
    """
    content = read_checkpoint(checkpoint)
    require_whole(model, fill(model, content, checkpoint), checkpoint)
    classes, widths = classes_of(content), num_classes_of(model)
    for head, width in widths.items():
        if classes is not None and width != len(classes):
            raise ConfigError(
                f'{checkpoint} names {len(classes)} classes, but model.{head} has {width}; give the config that its '
                'training left in its work dir'
            )
    if classes is None:
        print_log(f'{checkpoint} does not name its classes: predictions tell their numbers', 'current', logging.WARNING)
        classes = tuple(map(str, range(max(widths.values(), default=0))))
    meta = content.get('meta', {}).get('dataset_meta') if isinstance(content, dict) else None
    meta = (
        {str(key).lower(): value for key, value in meta.items() if value is not None} if isinstance(meta, dict) else {}
    )
    colours = [colorsys.hsv_to_rgb(i / max(len(classes), 1), 1, 1) for i in range(len(classes))]
    palette = [[round(255 * value) for value in colour] for colour in colours]
    return {'palette': palette, **meta, 'classes': classes}
