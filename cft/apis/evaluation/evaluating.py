"""Evaluate any model: a trained one, or the weights that a training would start from."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import broadcast_object_list
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cft.apis.configs.config import load_config
from cft.apis.configs.overrides import Overrides
from cft.apis.running.runner import EvaluationRunner, build_runner
from cft.apis.running.trained_model import find_trained
from cft.checkpoints import refuse_non_finite
from cft.engine.checkpointing import check_classes
from cft.engine.input_shapes import explained_shapes
from cft.engine.loops.few_shot import few_shot_settings
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from cft.evaluation import Evaluation, RobustnessCheck
from cft.evaluation.chosen_measures import ALL, chosen_measures
from cft.files import require_writable

from .classification import evaluate_classifier
from .data import SPLITS, Check, evaluated_split
from .detection import evaluate_detection
from .robustness import measure_robustness
from .segmentation import evaluate_segmentation
from .unknown_classes import set_unknown_classes, test_pipeline_of, unlabelled_folder
from .weights import load_weights

# By the scope of a config, which says whose inference it is.
DENSE = {'mmseg': ('segmentation', evaluate_segmentation), 'mmdet': ('detection', evaluate_detection)}


def evaluate(
    model: str | Path,
    checkpoint: str | Path | None = None,
    overrides: Overrides | None = None,
    measures: str | Sequence[str] = ALL,
    split: str = 'test',
    out_dir: str | Path | None = None,
    *,
    ood_root: str | Path | None = None,
    ood_classes: Sequence[str] = (),
    attack: RobustnessCheck | None = None,
    episodes: Mapping[str, int] | None = None,
    launcher: str = 'none',
) -> Evaluation:
    """Everything that can be said of a model on one split.

    Features and predictions are extracted once and kept in the folder; they are
    read again as long as weights, images and the test pipeline are the same.

    Args:
        model: The work dir of a run; or a config, or the name of one.
        checkpoint: A checkpoint of that config's model, or self-supervised weights that a training would start from,
            whose features alone are evaluated; None: of a work dir as
            :func:`cft.apis.running.trained_model.find_trained` finds it.
        overrides: As of :func:`cft.apis.load_config`; ``data_root`` is where the labelled images are.
        measures: Names of :data:`cft.evaluation.MEASURES` and :data:`cft.evaluation.PROTOCOLS`, or words such as
            ``'knn'``; ``'all'`` of the former.
        split: ``'train'`` (under the test pipeline), ``'val'`` or ``'test'``. Training images are the reference of
            nearest neighbours and linear classifiers.
        out_dir: Folder of the files; default: the work dir, or a folder ``evaluation_of_<checkpoint>`` below the one
            that a training of the config would have.
        ood_root: A folder of images of unknown classes.
        ood_classes: Names of classes in the data that the model was trained without
            (:class:`cft.datasets.ClassSubset`); their images are the unknown ones, instead of a folder.
        attack: Also the accuracy on the split's images under attack, as ``robust/...``, and its curve over epsilon.
        episodes: Settings of :class:`cft.evaluation.EpisodeProtocol`, such as ``{'tasks': 600}``, in the place of the
            loop's or of the default.
        launcher: ``'pytorch'`` in processes that torchrun has started, which share the images.

    Returns:
        Metrics, tables and notes of what was left out; also in ``evaluation_<split>.json``. Segmentation and detection
        have the metrics of their evaluator and tables of classes.

    Raises:
        ConfigError: If model and data do not fit each other, or a result could not be trusted.

    Example:
        >>> evaluate('work_dirs/flowers').metrics['retrieval/map_at_r']  # doctest: +SKIP
        71.3
        >>> evaluate('ce/folder', 'moco.pth', ['data_root=flowers'], ['knn', 's_dbw'], 'val')  # doctest: +SKIP
    """
    _check_choices(measures, split, ood_root, ood_classes)
    config, file = find_trained(model, checkpoint)
    cfg = load_config(config, overrides)
    if 'networks' in cfg:
        # The network is chosen by what it holds.
        cfg.checkpoint = str(file)
    cfg.launcher, cfg.resume, cfg.load_from = launcher, False, None
    cfg.work_dir = str(out_dir or _folder_of(Path(model), config, file, cfg))
    outside = set_unknown_classes(cfg, ood_classes, split) if ood_classes else None
    runner = build_runner(cfg, EvaluationRunner)
    trained, content = load_weights(runner, str(file))
    if ood_root is not None:
        pipeline = test_pipeline_of(evaluated_split(cfg, split)[0])
        outside = unlabelled_folder(cfg, str(ood_root), pipeline)

    def check(dataset: Dataset) -> None:
        check_classes(runner.model, content, dataset, file, 'test')

    with explained_shapes(runner.model):
        return evaluate_runner(
            runner, split, measures, None, predicts=trained and _predicts(runner, split), checkpoint=str(file),
            outside=outside, attack=attack, check=check if trained and _predicts(runner, split) else None,
            episodes=episodes,
        )  # fmt: skip


def evaluate_runner(
    runner: Runner,
    split: str = 'test',
    measures: str | Sequence[str] = (),
    folder: str | Path | None = None,
    *,
    predicts: bool | None = None,
    checkpoint: str | None = None,
    outside: dict | None = None,
    attack: RobustnessCheck | None = None,
    check: Check | None = None,
    episodes: Mapping[str, int] | None = None,
) -> Evaluation:
    """Evaluate the model that a runner holds, as it is; its modes and the random generators stay.

    Args:
        runner: After training, or with weights loaded.
        split: As of :func:`evaluate`.
        measures: As of :func:`evaluate`, beside what the predictions give.
        folder: For the files; default: the work dir.
        predicts: Whether the classifier is trained for the images; None: if the model has one, and the loop of the
            split has not classes of its own.
        checkpoint: What the evaluation says it is of.
        outside: Config of a data set of images of unknown classes.
        attack: As of :func:`evaluate`.
        check: Raises a ``ConfigError`` if the data are not the model's.
        episodes: As of :func:`evaluate`.

    Returns:
        The evaluation, the same in every process, and written as ``evaluation_<split>.json``.

    Raises:
        ConfigError: If weights or features are not finite, or the data do not fit.

    Example:
        >>> evaluate_runner(train(cfg), 'val', ['knn', 's_dbw']).metrics  # doctest: +SKIP
        {'accuracy/top1': 91.2, 'knn/k20': 88.0, 's_dbw/halkidi': 1.3, 's_dbw/tong': 1.2}
    """
    folder = require_writable(folder or runner.work_dir)
    refuse_non_finite(unwrap_model(runner.model).state_dict(), checkpoint or 'the model')
    predicts = _predicts(runner, split) if predicts is None else predicts
    found: list[Evaluation | ConfigError | None] = [None]
    try:
        evaluation = _evaluated(
            runner, split, measures, folder, predicts, outside, check or (lambda dataset: None), episodes
        )
        if attack is not None:
            evaluation = _with_robustness(evaluation, runner, split, predicts, attack)
        if evaluation is not None:
            evaluation = dataclasses.replace(evaluation, checkpoint=checkpoint)
            evaluation.write(folder)
            found[0] = evaluation
    except ConfigError as error:
        found[0] = error
    broadcast_object_list(found)
    if isinstance(found[0], Evaluation):
        return found[0]
    raise found[0] or AssertionError('the main process evaluates')


def _evaluated(
    runner: Runner,
    split: str,
    measures: str | Sequence[str],
    folder: Path,
    predicts: bool,
    outside: dict | None,
    check: Check,
    episodes: Mapping[str, int] | None,
) -> Evaluation | None:
    scope = runner.cfg.get('default_scope')
    if scope not in DENSE:
        return evaluate_classifier(runner, split, measures, folder, predicts, outside, check, episodes)
    task, function = DENSE[scope]
    if outside is not None:
        raise ConfigError(f'ood_root and ood_classes are for images with one label, not for {task}; leave them out')
    if not predicts:
        raise ConfigError(f'the weights are those of a backbone, with which no {task} can be measured; train it first')
    evaluation = function(runner, split, folder, check)
    keys = chosen_measures(measures)
    if evaluation is None or not keys:
        return evaluation
    note = f'measures of features are left out: they are for images that have labels as a whole, not for {task}'
    return dataclasses.replace(evaluation, notes=[*evaluation.notes, note])


def _with_robustness(
    evaluation: Evaluation | None, runner: Runner, split: str, predicts: bool, attack: RobustnessCheck
) -> Evaluation | None:
    if not predicts or runner.cfg.get('default_scope') in DENSE:
        raise ConfigError('attack: robust accuracy is of classifiers that are trained; leave it out')
    found = measure_robustness(runner, split, attack)
    if evaluation is None:
        return None
    return dataclasses.replace(
        evaluation,
        metrics={**evaluation.metrics, **found.metrics},
        tables={**evaluation.tables, 'robustness': found.table},
        notes=[*evaluation.notes, *found.notes],
    )


def _predicts(runner: Runner, split: str) -> bool:
    return has_classifier(runner) and few_shot_settings(runner.cfg, split) is None


def has_classifier(runner: Runner) -> bool:
    """Whether a runner's model predicts classes: of images, pixels or boxes."""
    in_images = hasattr(getattr(unwrap_model(runner.model), 'head', None), 'predict')
    return in_images or runner.cfg.get('default_scope') in DENSE


def _check_choices(
    measures: str | Sequence[str], split: str, ood_root: str | Path | None, ood_classes: Sequence[str]
) -> None:
    """Tell a misspelt name before anything is read."""
    chosen_measures(measures)
    if split not in SPLITS:
        raise ConfigError(f'--split {split}: there is no such split; take one of {", ".join(SPLITS)}')
    if ood_root is not None and ood_classes:
        raise ConfigError('ood_root and ood_classes are two ways to say the same; give one of them')
    if ood_root is not None and not Path(ood_root).is_dir():
        raise ConfigError(f'ood_root={ood_root}: there is no such folder; give one of images of unknown classes')


def _folder_of(model: Path, config: Path, file: Path, cfg: Config) -> Path:
    if model.is_dir():
        return model
    if file.resolve().parent == config.resolve().parent:
        return file.parent
    below = Path(cfg.get('work_dir') or Path('work_dirs') / config.parent.name / config.stem)
    return below / f'evaluation_of_{file.name.split(".")[0]}'
