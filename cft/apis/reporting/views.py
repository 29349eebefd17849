"""What a page or a figure needs of a run: read from its folder, evaluated where that was not done."""

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.config import Config

from cft.apis.configs.catalogue import find_config
from cft.apis.configs.config import load_config
from cft.apis.evaluation.data import build_dataset, evaluated_split, sample_names
from cft.apis.running.facts import describe_data
from cft.apis.running.trained_model import find_trained
from cft.errors import ConfigError, DataError
from cft.evaluation.result import Evaluation
from cft.experiments import RunRecord

from .examples import background_of, examples_of, worst_images
from .images import StoredImages, pipeline_of
from .records import last_start, read_run, settings_of

if TYPE_CHECKING:
    from cft.visualization.run_view import RunView

MOST_PICTURES = 24


def view_of(folder: str | Path, split: str = 'test') -> 'RunView':
    """Collect what is known of a run; what is not there is left out, and a note says why.

    Args:
        folder: The work dir of a training.
        split: That is reported. It is evaluated if it was not, and a checkpoint is there.

    Raises:
        ConfigError: If the folder holds no run.

    Example:
        >>> view_of('work_dirs/flowers').main_metric  # doctest: +SKIP
        ('accuracy/top1', 91.2)
    """
    from cft.visualization.run_view import RunView

    folder = Path(folder).expanduser()
    record = read_run(folder)
    start = last_start(folder) or {}
    view: dict[str, Any] = {
        'record': record,
        'command': ' '.join(start.get('command', ())),
        'settings': settings_of(start.get('config', {})),
    }
    notes: list[str] = []
    evaluation = evaluation_of(folder, split, notes)
    try:
        cfg = load_config(find_config(folder))
        view |= _data(cfg, record)
        if evaluation is not None:
            view |= _predictions(cfg, folder, split, evaluation)
    except ConfigError as error:
        # The data may lie elsewhere by now; numbers and curves are still worth a page.
        notes.append(f'The data of the run cannot be shown: {error}')
    return RunView(evaluation=evaluation, notes=notes, **view)


def data_of(folder: Path, record: RunRecord) -> 'RunView':
    """The training data of a run alone; nothing where they, or its config, are not there any more."""
    from cft.visualization.run_view import RunView

    try:
        return RunView(**{'record': record, **_data(load_config(find_config(folder)), record)})
    except ConfigError:
        return RunView(record)


def rows_of(folder: Path, split: str) -> dict[str, Any]:
    """Labels, names and, as far as they were written, scores and features of the images of a split."""
    found: dict[str, Any] = {}
    path, features = folder / f'predictions_{split}.npz', folder / f'features_{split}.npy'
    if path.is_file():
        with np.load(path, allow_pickle=False) as rows:
            # Of several labels for an image neither a mistake nor a point of the plane can be shown.
            if rows['labels'].ndim == 1:
                found |= {'labels': rows['labels'], 'scores': rows.get('scores')}
            found['names'] = [str(name) for name in rows['paths']]
    if features.is_file():
        found['features'] = np.load(features, mmap_mode='r', allow_pickle=False)
    return found


def evaluation_of(folder: Path, split: str, notes: list[str]) -> Evaluation | None:
    """What was evaluated, or is now; None with a note where it cannot be."""
    try:
        return Evaluation.read(folder, split)
    except FileNotFoundError:
        pass
    from cft.apis.evaluation.evaluating import evaluate

    try:
        return evaluate(folder, split=split, out_dir=folder)
    except ConfigError as error:
        notes.append(f'There is no evaluation on {split}: {error}')
        return None


def _data(cfg: Config, record: RunRecord) -> dict[str, Any]:
    """Pictures and counts of the training data."""
    from cft.visualization.pictures import Picture

    named, _ = evaluated_split(cfg, 'train')
    dataset = build_dataset(cfg, named)
    classes = [str(name) for name in dataset.metainfo.get('classes') or ()]
    images = StoredImages(dataset, pipeline_of(cfg))
    some = np.random.default_rng(0).permutation(len(images))[:MOST_PICTURES].tolist()
    pictures = [Picture(images(index), _told(images.labels(index), classes) or f'image {index}') for index in some]
    counted = {**record.data, 'train': describe_data(dataset)}
    for split in ('val', 'test'):
        # The config may have no such split.
        with contextlib.suppress(ConfigError):
            counted[split] = describe_data(build_dataset(cfg, evaluated_split(cfg, split)[0]))
    return {'data': pictures, 'classes': classes, 'record': dataclasses.replace(record, data=counted)}


def _told(labels: list[int], classes: list[str]) -> str:
    return ', '.join(classes[label] if label < len(classes) else str(label) for label in dict.fromkeys(labels))


def _predictions(cfg: Config, folder: Path, split: str, evaluation: Evaluation) -> dict[str, Any]:
    """Rows of the split and their images; of a segmentor or a detector, pictures of some predictions."""
    from cft.visualization.style import CLASS_COLORS

    dataset = build_dataset(cfg, evaluated_split(cfg, split)[0])
    images = StoredImages(dataset, pipeline_of(cfg))
    classes = [str(name) for name in evaluation.classes]
    found: dict[str, Any] = {'classes': classes}
    if cfg.get('default_scope') in ('mmseg', 'mmdet'):
        _, checkpoint = find_trained(folder)
        chosen = worst_images(folder, split, len(images))
        found['examples'] = examples_of(cfg, checkpoint, dataset, images, classes, chosen)
        blank = background_of(classes)
        found['keys'] = [
            (name, CLASS_COLORS[label % len(CLASS_COLORS)]) for label, name in enumerate(classes) if label not in blank
        ]
        return found
    found |= rows_of(folder, split)
    if 'names' in found:
        if sample_names(dataset) != found['names']:
            raise DataError(
                f'{folder} has predictions of other images than its config names; remove predictions_{split}.npz there '
                'and evaluate again'
            )
        found['picture'] = images
    return found
