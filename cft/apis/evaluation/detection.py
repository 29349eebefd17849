"""Evaluate a detector: the metrics of its evaluator, each class, each image."""

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cft.apis.prediction.files import write_predictions
from cft.datasets.sample_infos import parts_of, sample_infos
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, objects_in_order, ordered_loader, told_batches
from cft.errors import ConfigError
from cft.evaluation import Evaluation
from cft.evaluation.detection_tables import Boxes, detection_tables

from .data import Check, build_dataset, evaluated_split, evaluator_of, numbers, sample_names


def evaluate_detection(runner: Runner, split: str, folder: Path, check: Check) -> Evaluation | None:
    """Metrics, tables and, in ``predictions_<split>.jsonl``, the boxes and scores of each image.

    Args:
        runner: With the model, its weights loaded.
        split: As of :func:`cft.apis.evaluation.data.evaluated_split`.
        folder: For the file.
        check: Raises a ``ConfigError`` if the data are not the model's.

    Returns:
        In the main process the evaluation, not yet written; None in others.

    Raises:
        ConfigError: If the images hold no object.

    Example:
        >>> evaluate_detection(runner, 'val', Path('work_dirs/cars'), print).tables['per_class']  # doctest: +SKIP
    """
    named, settings = evaluated_split(runner.cfg, split)
    dataset = build_dataset(runner.cfg, named)
    check(dataset)
    classes = [str(name) for name in dataset.metainfo['classes']]
    objects = objects_of(dataset)
    if not any(len(image.labels) for image in objects):
        raise ConfigError(f'the {split} images hold no object, hence there is no average precision; label them')
    evaluator = evaluator_of(runner, split, dataset)
    model: Any = unwrap_model(runner.model)
    own: list[Boxes] = []
    with evaluation_mode(model):
        loader = ordered_loader(dataset, settings)
        for batch in told_batches(loader, f'Detection in the {split} images', runner.logger.info):
            samples = model.test_step(batch)
            own += [_predicted(sample.pred_instances) for sample in samples]
            evaluator.process(data_samples=samples, data_batch=batch)
    # COCO writes -1 where there is no object, such as none of a size.
    metrics = {name: value for name, value in numbers(evaluator.evaluate(len(dataset))).items() if value >= 0}
    predictions = objects_in_order(own, len(dataset))
    if not is_main_process():
        return None
    paths = sample_names(dataset)
    tables, images = detection_tables(objects, predictions, classes, paths)
    file = folder / f'predictions_{split}.jsonl'
    told = zip(paths, images, predictions, strict=True)
    write_predictions(file, [{'path': path, **scores, 'boxes': _rows(boxes, classes)} for path, scores, boxes in told])
    return Evaluation('detection', split, metrics, tables, classes, {'predictions': file.name}, len(dataset))


def objects_of(dataset: Dataset) -> list[Boxes]:
    """The objects of each image as the annotations have them."""
    found = []
    for part, indices in parts_of(dataset):
        for info in sample_infos(part, indices):
            instances = info.get('instances', [])
            corners = np.array([entry['bbox'] for entry in instances], dtype=np.float64).reshape(-1, 4)
            labels = np.array([entry['bbox_label'] for entry in instances], dtype=np.int64)
            ignored = np.array([bool(entry.get('ignore_flag')) for entry in instances], dtype=bool)
            found.append(Boxes(corners, labels, ignored=ignored))
    return found


def _predicted(instances: Any) -> Boxes:
    instances = instances.cpu()
    scores = instances.scores.numpy().astype(np.float64)
    return Boxes(instances.bboxes.numpy().astype(np.float64), instances.labels.numpy(), scores)


def _rows(boxes: Boxes, classes: list[str]) -> list[dict[str, Any]]:
    columns = (boxes.labels.tolist(), np.asarray(boxes.scores).tolist(), boxes.corners.tolist())
    return [
        {'label': label, 'class': classes[label], 'score': score, 'bbox': corners}
        for label, score, corners in zip(*columns, strict=True)
    ]
