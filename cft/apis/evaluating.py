"""Evaluate any model: a trained one, or the weights that a training would start from."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import broadcast_object_list
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cft.checkpoints import refuse_non_finite
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from cft.evaluation.result import Evaluation
from cft.files import require_writable

from .classifier_evaluation import evaluate_classifier


def evaluate_runner(
    runner: Runner,
    split: str = 'test',
    measures: str | Sequence[str] = (),
    folder: str | Path | None = None,
    *,
    predicts: bool | None = None,
    checkpoint: str | None = None,
    outside: Dataset | None = None,
) -> Evaluation:
    """Evaluate the model that a runner holds, as it is.

    Args:
        runner: After training, or with weights loaded; its model keeps its modes.
        split: ``'train'`` (under the test pipeline), ``'val'`` or ``'test'``.
        measures: Beside what the predictions give.
        folder: For the files; default: the work dir.
        predicts: Whether the classifier is trained; None: if the model has one.
        checkpoint: What the evaluation says it is of.
        outside: Images of none of the classes.

    Returns:
        The evaluation, the same in every process, and written as ``evaluation_<split>.json``.

    Raises:
        ConfigError: If weights or features are not finite, or the data do not fit.

    Example:
        >>> evaluate_runner(train(cfg), 'val', ['knn', 's_dbw']).metrics  # doctest: +SKIP
        {'accuracy/top1': 91.2, 'knn/k20': 88.0, 's_dbw/halkidi': 1.3, 's_dbw/tong': 1.2}
    """
    folder = require_writable(folder or runner.work_dir)
    model = unwrap_model(runner.model)
    refuse_non_finite(model.state_dict(), checkpoint or 'the model')
    predicts = hasattr(getattr(model, 'head', None), 'predict') if predicts is None else predicts
    found: list[Evaluation | ConfigError | None] = [None]
    try:
        evaluation = evaluate_classifier(runner, split, measures, folder, predicts, outside)
        if evaluation is not None:
            found[0] = dataclasses.replace(evaluation, checkpoint=checkpoint)
            found[0].write(folder)
    except ConfigError as error:
        found[0] = error
    broadcast_object_list(found)
    if isinstance(found[0], Evaluation):
        return found[0]
    raise found[0] or AssertionError('the main process evaluates')
