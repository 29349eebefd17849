"""Evaluate a model of mmpretrain's kind: its features and, of a classifier, its predictions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cft.engine.class_heads import num_classes_of
from cft.engine.encoding import encode_batches, several_labels
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, in_order, ordered_loader, told_batches
from cft.errors import ConfigError
from cft.evaluation.classification_tables import accuracy, classification_tables
from cft.evaluation.measures import (
    MEASURES,
    Embedding,
    Material,
    chosen_measures,
    measure,
    possible_measures,
)
from cft.evaluation.result import Evaluation

from .evaluation_data import build_dataset, evaluated_split, sample_names
from .feature_cache import Extracted, Rows, cache_key, cached

OUTSIDE = 'outside'


def evaluate_classifier(
    runner: Runner,
    split: str,
    measures: str | Sequence[str],
    folder: Path,
    predicts: bool,
    outside: Dataset | None = None,
) -> Evaluation | None:
    """Measures, tables and files of a classifier or a self-supervised model.

    Args:
        runner: With the model, its weights loaded.
        split: As of :func:`cft.apis.evaluation_data.evaluated_split`.
        measures: As of :func:`cft.evaluation.measures.chosen_measures`.
        folder: For features and predictions.
        predicts: Whether the model has a trained classifier.
        outside: Images of none of the classes.

    Returns:
        In the main process the evaluation, not yet written; None in others.

    Raises:
        ConfigError: If the images are of one class only, or the classes are not the model's.

    Example:
        >>> evaluate_classifier(runner, 'test', ['knn'], Path('work_dirs/flowers'), predicts=True)  # doctest: +SKIP
    """
    several = bool(several_labels(runner.model))
    parts = {'labels'} if not several else set()
    parts |= {'scores'} if predicts and not several else set()
    parts |= {'outside'} if outside is not None else set()
    parts |= {'reference'} if runner.cfg.get('train_dataloader') is not None and split != 'train' else set()
    why = {
        'scores': 'images have any number of labels' if several else 'the model has no trained classifier',
        'labels': 'images have any number of labels',
        'outside': 'no images from outside of the classes are given (ood_root, ood_classes)',
        'reference': 'there are no training images besides those that are evaluated',
    }
    keys, notes = possible_measures(chosen_measures(measures), parts, why)
    named, settings = evaluated_split(runner.cfg, split)
    dataset = build_dataset(runner.cfg, named)
    classes = _checked_classes(runner, dataset, predicts)
    test = _extracted(runner, dataset, named, settings, split, folder, predicts)
    reference = beyond = None
    if any('reference' in MEASURES[key].needs for key in keys):
        named, settings = evaluated_split(runner.cfg, 'train')
        reference = _extracted(runner, build_dataset(runner.cfg, named), named, settings, 'train', folder, predicts)
    if outside is not None:
        beyond = _extracted(runner, outside, named, settings, OUTSIDE, folder, predicts)
    if test is None:
        return None
    labels = test.labels
    _require_classes(labels, classes, split)
    material = Material(
        _embedding(test, several),
        None if reference is None else _embedding(reference, several),
        None if beyond is None else _embedding(beyond, several),
    )
    metrics, undefined = measure(keys, material)
    tables: dict[str, Any] = {}
    if test.scores is not None and not several:
        metrics = {'accuracy/top1': accuracy(test.scores, labels), **test.metrics, **metrics}
        tables = classification_tables(test.scores, labels, classes, sample_names(dataset))
    elif test.scores is not None:
        metrics = {**test.metrics, **metrics}
    task = 'self-supervised' if not predicts else 'multi-label classification' if several else 'classification'
    files = {'predictions': f'predictions_{split}.npz', 'features': f'features_{split}.npy'}
    return Evaluation(task, split, metrics, tables, classes, files, len(labels), notes=[*notes, *undefined])


def _embedding(extracted: Extracted, several: bool) -> Embedding:
    return Embedding(extracted.features, None if several else extracted.labels, None if several else extracted.scores)


def _extracted(
    runner: Runner, dataset: Any, named: dict, settings: dict, name: str, folder: Path, predicts: bool
) -> Extracted | None:
    cfg, model = runner.cfg, runner.model
    evaluated = cfg.get(f'{name}_evaluator') if predicts and name in ('val', 'test') else None

    def extract() -> tuple[Rows, Callable[[], dict]]:
        loader = ordered_loader(dataset, settings)
        evaluator = None if evaluated is None else runner.build_evaluator(evaluated)
        if evaluator is not None:
            evaluator.dataset_meta = dataset.metainfo

        def on_samples(batch: Any, samples: list) -> None:
            if evaluator is not None:
                evaluator.process(data_samples=samples, data_batch=batch)

        def rows() -> Rows:
            with evaluation_mode(unwrap_model(model)):
                batches = told_batches(loader, f'Features of the {name} images', runner.logger.info)
                yield from in_order(encode_batches(model, batches, predicts, on_samples), len(dataset))

        def metrics() -> dict[str, float]:
            return {} if evaluator is None else numbers(evaluator.evaluate(len(dataset)))

        return rows(), metrics

    key = {}
    if is_main_process():
        data = {name: value for name, value in named.items() if name != 'data_root'}
        key = cache_key(model, dataset, [cfg._cfg_dict.model, data, evaluated, predicts])
    return cached(folder, name, key, sample_names(dataset), extract)


def numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """The finite numbers among what a config's evaluator returns."""
    plain = {name: value.item() if getattr(value, 'size', 0) == 1 else value for name, value in metrics.items()}
    return {
        name: float(value) for name, value in plain.items() if isinstance(value, int | float) and np.isfinite(value)
    }


def _checked_classes(runner: Runner, dataset: Any, predicts: bool) -> list[str]:
    classes = [str(name) for name in (getattr(dataset, 'metainfo', None) or {}).get('classes') or ()]
    for head, width in num_classes_of(unwrap_model(runner.model)).items() if predicts else ():
        if classes and width != len(classes):
            raise ConfigError(
                f'model.{head} tells {width} classes apart, and the data have {len(classes)}; evaluate on data of the '
                'classes that it was trained on'
            )
        classes = classes or [str(label) for label in range(width)]
    return classes


def _require_classes(labels: np.ndarray, classes: Sequence[str], split: str) -> None:
    found = np.unique(labels) if labels.ndim == 1 else np.flatnonzero(labels.any(axis=0))
    if len(found) < 2:
        name = classes[int(found[0])] if len(found) and len(classes) else 'none'
        raise ConfigError(
            f'the {split} data hold images of one class only ({name}), which says nothing of telling classes apart; '
            'give data of two classes or more'
        )
