"""Train several configs over several draws of the labels and keep what a comparison needs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.runner import Runner

from cft.evaluation import scatter_ratio

from .config import load_config
from .features import extract_features
from .step_cost import logged_step_seconds
from .training import train


@dataclass(frozen=True)
class Method:
    """One line of a comparison.

    Attributes:
        key: Short identifier, such as ``'scl'``.
        name: Name to show.
        config: Config file.
        checkpoint: File to start from, or None for random weights.

    Example:
        >>> Method('ce', 'cross-entropy', 'configs/quickstart/ce_digits.py', None).name
        'cross-entropy'
    """

    key: str
    name: str
    config: str
    checkpoint: str | None


def run_method(method: Method, draw: int, work_dir: Path, overrides: dict | None = None) -> tuple[dict, Runner]:
    """Fine-tune on one draw of the labels and measure on the test split.

    Args:
        method: What to run; its training dataset is a :class:`cft.datasets.StratifiedSubset`.
        draw: Seed of the draw and of the run.
        work_dir: Folder of the comparison; the run gets a sub-folder.
        overrides: Further config settings.

    Returns:
        The run as :func:`cft.evaluation.summarise` and
        :func:`cft.visualization.write_report` take it, and its runner.
    """
    settings = {'train_dataloader.dataset.seed': draw, 'randomness.seed': draw, **(overrides or {})}
    if method.checkpoint is not None:
        settings['checkpoint'] = method.checkpoint
    cfg = load_config(method.config, settings)
    cfg.work_dir = str(work_dir / f'{method.key}_{draw}')
    cfg.experiment_name = f'{work_dir.resolve()}_{method.key}_{draw}'.replace('/', '_')
    runner = train(cfg)
    accuracy = runner.test()['accuracy/top1']
    features, labels = extract_features(runner.model, runner.test_dataloader)
    curve, losses = _curves(runner)
    return {
        'method': method.key,
        'draw': draw,
        'accuracy': float(accuracy),
        'tightness': scatter_ratio(features, labels),
        'step_time': logged_step_seconds(runner),
        'curve': curve,
        'losses': losses,
    }, runner


def compare(
    methods: Sequence[Method],
    draws: Sequence[int],
    work_dir: Path,
    on_run: Callable[[Method, dict, Runner], None],
    overrides: dict | None = None,
) -> list[dict]:
    """Run every method on every draw, draw by draw, so that timings are taken side by side.

    Args:
        methods: What to compare.
        draws: Seeds of the draws.
        work_dir: Folder of the comparison.
        on_run: Called after each run, e.g. to show progress.
        overrides: Further config settings of all runs.

    Returns:
        The runs of :func:`run_method`.

    Example:
        >>> methods = [Method('ce', 'CE', 'configs/quickstart/ce_digits.py', None),
        ...            Method('scl', 'SCL', 'configs/quickstart/scl_digits.py', None)]
        >>> runs = compare(methods, [0, 1, 2], Path('work_dirs/digits'), lambda *run: None)  # doctest: +SKIP
    """
    runs = []
    for draw in draws:
        for method in methods:
            run, runner = run_method(method, draw, work_dir, overrides)
            on_run(method, run, runner)
            runs.append(run)
    return runs


def _curves(runner: Runner) -> tuple[dict, dict]:
    lines = (Path(runner.log_dir) / 'vis_data' / 'scalars.json').read_text().splitlines()
    records = [json.loads(line) for line in lines]
    trained = [record for record in records if 'loss' in record]
    names = sorted({name for record in trained for name in record if name.startswith('loss_')})
    losses = {'step': [r['step'] for r in trained], **{name: [r[name] for r in trained] for name in names}}
    # Validation records of an iteration-based run have no step of their own; they follow a training record.
    curve: dict[str, list] = {'step': [], 'accuracy': []}
    step = 0
    for record in records:
        step = record['step'] if 'loss' in record else step
        if 'accuracy/top1' in record and 'loss' not in record:
            curve['step'].append(step)
            curve['accuracy'].append(record['accuracy/top1'])
    return curve, losses
