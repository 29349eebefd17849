"""Evaluate a segmentation: the metrics of its evaluator, each class, each image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from torch import Tensor

from cft.apis.prediction.files import write_predictions
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, in_order, ordered_loader, told_batches
from cft.errors import ConfigError
from cft.evaluation import Evaluation
from cft.evaluation.segmentation_tables import image_scores, segmentation_tables

from .data import Check, build_dataset, evaluated_split, evaluator_of, numbers, sample_names

IGNORED = 255


def evaluate_segmentation(runner: Runner, split: str, folder: Path, check: Check) -> Evaluation | None:
    """Metrics, tables and, in ``predictions_<split>.jsonl``, the scores of each image.

    Args:
        runner: With the model, its weights loaded.
        split: As of :func:`cft.apis.evaluation.data.evaluated_split`.
        folder: For the file.
        check: Raises a ``ConfigError`` if the data are not the model's.

    Returns:
        In the main process the evaluation, not yet written; None in others.

    Raises:
        ConfigError: If no pixel of the images has a label.

    Example:
        >>> evaluate_segmentation(runner, 'val', Path('work_dirs/street'), print).metrics['mIoU']  # doctest: +SKIP
        61.2
    """
    named, settings = evaluated_split(runner.cfg, split)
    dataset = build_dataset(runner.cfg, named)
    check(dataset)
    classes = [str(name) for name in dataset.metainfo['classes']]
    evaluator = evaluator_of(runner, split, dataset)
    model: Any = unwrap_model(runner.model)

    def batches() -> Iterator[dict[str, Tensor]]:
        loader = ordered_loader(dataset, settings)
        for batch in told_batches(loader, f'Segmentation of the {split} images', runner.logger.info):
            samples = model.test_step(batch)
            evaluator.process(data_samples=samples, data_batch=batch)
            yield {'confusion': torch.stack([_confusion(sample, len(classes)) for sample in samples])}

    total = np.zeros((len(classes), len(classes)), dtype=np.int64)
    images: list[dict[str, Any]] = []
    with evaluation_mode(model):
        for rows in in_order(batches(), len(dataset)):
            total += rows['confusion'].sum(axis=0)
            images += [image_scores(confusion, classes) for confusion in rows['confusion']]
    metrics = numbers(evaluator.evaluate(len(dataset)))
    if not total.any():
        raise ConfigError(f'no pixel of the {split} images has a label, hence nothing can be measured; label them')
    if not is_main_process():
        return None
    paths = sample_names(dataset)
    file = folder / f'predictions_{split}.jsonl'
    write_predictions(file, [{'path': path, **scores} for path, scores in zip(paths, images, strict=True)])
    tables = segmentation_tables(total, images, classes, paths)
    return Evaluation('segmentation', split, metrics, tables, classes, {'predictions': file.name}, len(dataset))


def _confusion(sample: Any, num_classes: int) -> Tensor:
    """(C, C) numbers of the labelled pixels of an image; row: true class, column: predicted."""
    predicted, label = (part.data.squeeze().long() for part in (sample.pred_sem_seg, sample.gt_sem_seg))
    label = label.to(predicted.device)
    labelled = label != IGNORED
    pairs = num_classes * label[labelled] + predicted[labelled]
    return torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)
