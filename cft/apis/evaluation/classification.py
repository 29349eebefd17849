"""Evaluate a model of mmpretrain's kind: its features and, of a classifier, its predictions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner

from cft.engine.class_heads import num_classes_of
from cft.engine.encoding import UNLABELLED, encode_batches, several_labels
from cft.engine.loops.few_shot import few_shot_settings
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, in_order, ordered_loader, told_batches
from cft.errors import ConfigError
from cft.evaluation import KNOWN_MEASURES, Evaluation
from cft.evaluation.chosen_measures import LABELS, PRESENT, chosen_measures, computed_measures, possible_measures
from cft.evaluation.class_groups import class_group_table
from cft.evaluation.classification_tables import classification_tables, several_labels_table
from cft.evaluation.few_shot import EpisodeProtocol, few_shot_metrics, few_shot_table
from cft.evaluation.measure_material import Material
from cft.evaluation.metrics import ClassGroupAccuracy

from .data import Check, build_dataset, evaluated_split, evaluator_of, numbers, sample_names
from .feature_cache import Extracted, Rows, cache_key, cached

OUTSIDE = 'outside'
# What the predictions themselves give.
ALWAYS = ('accuracy', 'calibration')


def evaluate_classifier(
    runner: Runner,
    split: str,
    measures: str | Sequence[str],
    folder: Path,
    predicts: bool,
    outside: dict | None = None,
    check: Check = lambda dataset: None,
    episodes: Mapping[str, int] | None = None,
) -> Evaluation | None:
    """Measures, tables and files of a classifier or a self-supervised model.

    Args:
        runner: With the model, its weights loaded.
        split: As of :func:`cft.apis.evaluation.data.evaluated_split`.
        measures: As of :func:`cft.evaluation.chosen_measures.chosen_measures`.
        folder: For features and predictions.
        predicts: Whether the model has a trained classifier.
        outside: Config of a data set of images of none of the classes.
        check: Raises a ``ConfigError`` if the data are not the model's.
        episodes: Settings of :class:`cft.evaluation.EpisodeProtocol` in the place of the loop's, or of the default.

    Returns:
        In the main process the evaluation, not yet written; None in others.

    Raises:
        ConfigError: If the images are of one class only, or the classes are not the model's.

    Example:
        >>> evaluate_classifier(runner, 'test', ['knn'], Path('work_dirs/flowers'), predicts=True)  # doctest: +SKIP
    """
    several = bool(several_labels(runner.model))
    few_shot = few_shot_settings(runner.cfg, split)
    missing = _missing(runner, split, several, predicts, outside is not None)
    keys, notes = possible_measures(chosen_measures(measures), missing)
    if predicts and not several:
        keys = [key for key in KNOWN_MEASURES if key in keys or key.split('/')[0] in ALWAYS]
    named, settings = evaluated_split(runner.cfg, split)
    dataset = build_dataset(runner.cfg, named)
    check(dataset)
    classes = _checked_classes(runner, dataset, predicts)
    test = _extracted(runner, dataset, named, settings, split, folder, predicts)
    train = beyond = None
    if any('train' in KNOWN_MEASURES[key].needs for key in keys):
        source, loading = evaluated_split(runner.cfg, 'train')
        train = _extracted(runner, build_dataset(runner.cfg, source), source, loading, 'train', folder, predicts)
    if outside is not None:
        images = build_dataset(runner.cfg, outside)
        beyond = _extracted(runner, images, outside, settings, OUTSIDE, folder, predicts)
    if test is None:
        return None
    _require_classes(test.labels, classes, split)
    material = Material(
        test.features,
        np.zeros(len(test.labels), int) if several else test.labels,
        None if train is None else _labelled(train),
        test.scores,
        None if beyond is None else beyond.features,
        None if beyond is None else beyond.scores,
        test.labels if several else None,
        train.labels if several and train is not None else None,
        episodes=replace(EpisodeProtocol() if few_shot is None else few_shot.protocol, **(episodes or {})),
    )
    for shots, head in () if few_shot is None else product(few_shot.shots, few_shot.heads):
        material.solved(shots, head)
    metrics, undefined = computed_measures(keys, material)
    tables: dict[str, Any] = {}
    if test.scores is not None and several:
        tables = {'per_class': several_labels_table(test.scores, test.labels, classes)}
    elif test.scores is not None:
        tables = classification_tables(test.scores, test.labels, classes, sample_names(dataset))
        for metric in evaluator_of(runner, split, dataset).metrics:
            if isinstance(metric, ClassGroupAccuracy):
                right = test.scores.argmax(axis=1) == test.labels
                tables['class_groups'] = class_group_table(right, test.labels, metric.counts, metric.many, metric.few)
    files = {'predictions': f'predictions_{split}.npz', 'features': f'features_{split}.npy'}
    if material.few_shot:
        metrics |= few_shot_metrics(material.few_shot)
        tables['few_shot'] = few_shot_table(material.few_shot)
        files |= _write_tasks(folder, split, material, sample_names(dataset))
    task = (
        'few-shot'
        if few_shot
        else 'self-supervised'
        if not predicts
        else 'multi-label classification'
        if several
        else 'classification'
    )
    return Evaluation(
        task, split, {**test.metrics, **metrics}, tables, classes, files, len(test.labels), notes=[*notes, *undefined]
    )


def _write_tasks(folder: Path, split: str, material: Material, names: Sequence[str]) -> dict[str, str]:
    """The list of tasks of each run, so that another tool can solve the same ones; names of the files."""
    files = {}
    for shots, runs in material.tasks.items():
        for run, tasks in enumerate(runs, start=1):
            name = f'episodes_{split}_{shots}shot_run{run}'
            tasks.write(folder / f'{name}.npz', names)
            files[name] = f'{name}.npz'
    return files


def _labelled(train: Extracted) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of the images that have one; pre-training may use others as well."""
    if train.labels.ndim > 1:
        return train.features, np.zeros(len(train.labels), int)
    known = train.labels != UNLABELLED
    return (train.features, train.labels) if known.all() else (train.features[known], train.labels[known])


def _missing(runner: Runner, split: str, several: bool, predicts: bool, has_outside: bool) -> dict[str, str]:
    """Why something that measures need is not there."""
    missing = {}
    if several:
        missing[LABELS] = 'images have any number of labels'
    else:
        missing[PRESENT] = 'each image has one label'
    if not predicts:
        missing['probabilities'] = 'the model has no trained classifier'
    if not has_outside:
        missing |= dict.fromkeys(
            ('outside', 'outside_probabilities'), 'no images of unknown classes are given (ood_root, ood_classes)'
        )
    if split == 'train':
        missing |= dict.fromkeys(('train', 'train_present'), 'the training images themselves are evaluated')
    return missing


def _extracted(
    runner: Runner, dataset: Any, named: dict, settings: dict, name: str, folder: Path, predicts: bool
) -> Extracted | None:
    cfg, model = runner.cfg, runner.model
    judged = predicts and name != OUTSIDE

    def extract() -> tuple[Rows, Callable[[], dict]]:
        loader = ordered_loader(dataset, settings)
        evaluator = evaluator_of(runner, name, dataset) if judged else Evaluator([])

        def on_samples(batch: Any, samples: list) -> None:
            evaluator.process(data_samples=samples, data_batch=batch)

        def rows() -> Rows:
            with evaluation_mode(unwrap_model(model)):
                batches = told_batches(loader, f'Features of the {name} images', runner.logger.info)
                yield from in_order(encode_batches(model, batches, predicts, on_samples), len(dataset))

        def metrics() -> dict[str, float]:
            return numbers(evaluator.evaluate(len(dataset)))

        return rows(), metrics

    data = {key: value for key, value in named.items() if key != 'data_root'}
    key = cache_key(
        model, dataset, [cfg._cfg_dict.model, data, cfg.get('val_evaluator'), cfg.get('test_evaluator'), predicts]
    )
    return cached(folder, name, key, sample_names(dataset), extract)


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
    found = np.unique(labels) if labels.ndim == 1 else np.flatnonzero((labels > 0).any(axis=0))
    if UNLABELLED in found:
        raise ConfigError(f'some of the {split} images have no label; name a split that has, such as --split val')
    if len(found) < 2:
        name = classes[int(found[0])] if len(found) and len(classes) else 'none'
        raise ConfigError(
            f'the {split} data hold images of one class only ({name}), which says nothing of telling classes apart; '
            'give data of two classes or more'
        )
