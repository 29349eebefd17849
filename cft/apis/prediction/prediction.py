"""Predictions of a trained model for image files, of every task."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.utils import track_iter_progress

from cft.apis.configs.config import load_config
from cft.apis.configs.overrides import Overrides
from cft.apis.configs.trackers import without_trackers
from cft.apis.running.device import check_device
from cft.apis.running.trained_model import find_trained
from cft.datasets.image_decoding import SUFFIXES
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError
from cft.files import require_writable, write_atomically

from .files import check_predictions_file, write_predictions
from .images import Picture, image_reader, output_places, pictures_of
from .predictors import PREDICTORS

RESULTS = 'predictions.json'


def predict(
    config: str | Path,
    checkpoint: str | Path | None = None,
    images: Picture | Sequence[Picture] = (),
    out_dir: str | Path | None = None,
    overrides: Overrides | None = None,
    device: str | None = None,
    out: str | Path | None = None,
    force: bool = False,
) -> list[dict]:
    """Predict as OpenMMLab's own inference does.

    Args:
        config: The work dir of a training, or the config in it.
        checkpoint: A checkpoint of that training; None: of a work dir, as
            :func:`cft.apis.running.trained_model.find_trained` finds it.
        images: Files, folders of files, Pillow images, or NumPy arrays in the
            order R, G, B (:func:`cft.datasets.image_objects.pixels_of`); one or several.
        out_dir: Folder for ``predictions.json``, the masks of a segmentation
            (``<image>_mask.png``, whose values are class indices), and pictures
            of the predictions, in the folders of the images.
        overrides: As of :func:`cft.apis.load_config`.
        device: As PyTorch names it; default: CUDA where there is one.
        out: File for the predictions, ``.csv``, ``.json`` or ``.jsonl``
            (:func:`cft.apis.prediction.files.csv_text` tells the columns).
        force: Whether ``out`` may be replaced.

    Returns:
        A dict for each image: ``image``, its path, or ``images[2]`` for the
        third of those given if it is none of a file, and, by task,

        - classification: ``label``, ``score`` and ``class``, or, where an image
          has any number of labels, ``labels``, each with these three, of those
          above the head's threshold;
        - segmentation: ``fractions``, the part of the image by class;
        - detection: ``boxes``, each with ``label``, ``score``, ``class`` and
          ``bbox`` (x1, y1, x2, y2 in pixels).

    Raises:
        ConfigError: If there is no image, or the checkpoint is not this model's;
            before anything is predicted, if ``out_dir`` or ``out`` cannot be written.
        DataError: If an image cannot be read as it is meant.

    Example:
        >>> predict('work_dirs/flowers', images='new/', out='found.csv')  # doctest: +SKIP
        [{'image': 'new/1.jpg', 'label': 2, 'score': 0.98, 'class': 'rose'}]
    """
    pictures = list(pictures_of([images] if isinstance(images, Picture) else images))
    if not pictures:
        raise ConfigError(f'{images}: no image to predict; give files or folders with {", ".join(SUFFIXES)}')
    table = None if out is None else check_predictions_file(out, force)
    config, checkpoint = find_trained(config, checkpoint)
    cfg = inference_config(config, overrides)
    scope = cfg.default_scope
    device = check_device(device or _best_device())
    folder = require_writable(out_dir) if out_dir is not None else None
    names = [Path(name) for _, name, _ in pictures]
    places = [None] * len(names) if folder is None else output_places(folder, names)
    read, predictor = image_reader(cfg), PREDICTORS[scope](cfg, str(checkpoint), device)
    chosen = list(zip(pictures, places, strict=True))
    results = [
        {'image': told_name, **predictor(read(picture, told_name), place)}
        for (told_name, _, picture), place in track_iter_progress(chosen)
    ]
    if folder is not None:
        write_atomically(folder / RESULTS, json.dumps(results, indent=1).encode())
    if table is not None:
        write_predictions(table, results)
    return results


def inference_config(config: str | Path, overrides: Overrides | None = None) -> Config:
    """The config of a trained model, for what is not training: images are read as training reads them, nothing tracks.

    Args:
        config: A file, or a work dir.
        overrides: As of :func:`cft.apis.load_config`.

    Raises:
        ConfigError: If it is of no task that is predicted.
    """
    cfg = load_config(config, overrides)
    scope = cfg.get('default_scope')
    if scope not in PREDICTORS:
        raise ConfigError(f'default_scope={scope!r}: predictions are made for {", ".join(PREDICTORS)}')
    for _, node in iterate_dicts(cfg._cfg_dict):
        # Where a config names mmcv's own reader.
        if set(node) == {'type'} and str(node['type']).split('.')[-1] == 'LoadImageFromFile':
            node['type'] = 'cft.LoadImage'
    without_trackers(cfg)
    return cfg


def _best_device() -> str:
    return 'cuda' if torch.cuda.is_available() else 'cpu'
