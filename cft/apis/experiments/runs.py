"""Train and measure many configs as one plan: checked before the first begins, shared among workers, never repeated."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner, find_latest_checkpoint

from cft.apis.completion.drawn_data import join_process_group
from cft.apis.evaluation.data import build_dataset, evaluated_split
from cft.apis.evaluation.evaluating import evaluate_runner
from cft.apis.running.facts import describe_data, describe_software, forget_peak, peak_memory, stage_switches
from cft.apis.running.planning import forgotten_instances
from cft.apis.running.runner import build_runner, initialise
from cft.apis.running.step_cost import logged_step_seconds
from cft.apis.running.training import train
from cft.errors import ConfigError
from cft.evaluation import RobustnessCheck
from cft.experiments import (
    Executor,
    Output,
    Plan,
    PlanProgress,
    Run,
    RunRecord,
    execute,
    named_executor,
    read_curves,
)
from cft.experiments.job import own_name
from cft.experiments.printing import printed_to
from cft.files import require_writable

from .checks import OPTIONS, PlanChecks, configured, splits_of

# What the checks before the first run say.
LOG = 'plan.log'
WORK = 'cft.apis.experiments.runs:train_and_measure'


def run_plan(
    runs: Sequence[Run],
    folder: str | Path,
    executor: str | Executor = 'auto',
    progress: PlanProgress | None = None,
    work: str = WORK,
) -> list[RunRecord]:
    """Do those runs that are not finished, and return the records of all.

    Every config is read and checked, and its data listed, before the first run
    begins. A run is known by what its result depends on: the complete config,
    the content of the checkpoint it starts from, its data, its seed and
    options; not by its name and labels, nor by the version of the code, which
    stands in the record. What is finished is not done again, in whatever order
    and however often plans in this folder are interrupted.

    Args:
        runs: With the options of :func:`train_and_measure`.
        folder: Of the experiment; each run has a folder below ``runs`` in it.
        executor: As :func:`cft.experiments.named_executor` takes it, or one that stays open.
        progress: Where to show how far it is; None for standard output.
        work: What is done with each run, where that is not :func:`train_and_measure`: ``'module:function'``, as of
            :func:`cft.experiments.execute`; its runs may have options of their own.

    Returns:
        The records in the order of ``runs``.

    Raises:
        ConfigError: Before the first run, with all mistakes.
        RunsFailed: At the end, with the runs that failed; all others are finished then.
        TrainingStopped: A ``SystemExit``, after SIGTERM, SIGINT or SIGUSR1; the same call goes on.

    Example:
        >>> runs = [Run(f'{method}-{seed}', f'{method}/folder', {'data_root': 'flowers'}, seed,
        ...             labels={'method': method, 'draw': seed}, options={'splits': ['val', 'test']})
        ...         for seed in range(3) for method in ('ce', 'scl')]
        >>> records = run_plan(runs, 'work_dirs/flowers')  # doctest: +SKIP
        >>> records[0].metrics['test']['accuracy/top1']  # doctest: +SKIP
        91.2
    """
    if not runs:
        return []
    plan = Plan(runs)
    require_writable(folder)
    with contextlib.ExitStack() as stack:
        if isinstance(executor, str):
            # What is wrong with it shows first.
            executor = stack.enter_context(named_executor(executor, len(plan)))
        # What reading and checking of many configs tells is in the log of each run once more.
        with printed_to(Path(folder) / own_name(LOG)), forgotten_instances():
            join_process_group(configured(plan.runs[0]))
            facts = PlanChecks(OPTIONS if work == WORK else None).facts(plan.runs)
        return execute(plan, folder, work, executor, progress, facts)


def train_and_measure(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """Train, take the checkpoint that validation chose, and measure it; the work of :func:`run_plan`.

    That is the first maximum by ``default_hooks.checkpoint.save_best`` or, where
    the config names none, the last one. An interrupted training goes on from its
    newest checkpoint. The test split is read only if ``splits`` names it.

    ``run.options`` may have:

    - ``splits``: what to evaluate on, of ``'train'``, ``'val'`` and ``'test'``; default ``['val']``, nothing where the
      config has no validation;
    - ``measures``: names of further measures, as :func:`cft.apis.evaluate` takes them; default none;
    - ``attack``: arguments of :class:`cft.evaluation.RobustnessCheck`, for the accuracy under attack on these splits;
    - ``train``: False to measure the weights that a training would start from; default True.

    Args:
        run: The run.
        folder: Its work dir.
        inputs: Checkpoints of the runs that it needs.

    Returns:
        The record; name, fingerprint, labels and times are filled in by who has called it.

    Example:
        >>> record = train_and_measure(Run('ce', 'quickstart/ce_digits'), Path('work_dirs/ce'), {})  # doctest: +SKIP
    """
    overrides = {
        name: str(inputs[value.run]) if isinstance(value, Output) else value for name, value in run.overrides.items()
    }
    with forgotten_instances():
        cfg = configured(run, overrides)
        cfg.work_dir = str(folder)
        # MMEngine keeps what a run knows about itself under this name, for the whole process.
        cfg.experiment_name = folder.name
        splits = splits_of(run, cfg)
        forget_peak()
        trains = run.options.get('train', True)
        runner = train(cfg, resume=is_resumable(folder)) if trains else _untrained(cfg)
        checkpoint = _take_chosen(runner, folder) if trains else None
        metrics = {split: _measured(runner, split, run, folder, checkpoint) for split in splits}
        return RunRecord(
            name=run.name,
            fingerprint='',
            config=str(run.config),
            overrides=overrides,
            seed=run.seed,
            metrics=metrics,
            curves=read_curves(folder, _steps_per_epoch(runner)) if trains else {},
            stages=stage_switches(runner),
            checkpoint=checkpoint,
            step_seconds=_step_seconds(runner) if trains else None,
            peak_bytes=peak_memory(),
            data=_data(runner, splits, trains),
            versions=describe_software(),
        )


def _measured(runner: Runner, split: str, run: Run, folder: Path, checkpoint: str | None) -> dict[str, float]:
    """Metrics on a split, those first that have chosen the checkpoint."""
    measures, predicts = run.options.get('measures', ()), None if run.options.get('train', True) else False
    attack = RobustnessCheck(**run.options['attack']) if run.options.get('attack') else None
    metrics = evaluate_runner(
        runner, split, measures, folder, predicts=predicts, checkpoint=checkpoint, attack=attack
    ).metrics
    hooks = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook) and hook.save_best]
    chosen = [name for hook in hooks for name in hook.key_indicators or () if name in metrics]
    return {name: metrics[name] for name in [*chosen, *metrics]}


def is_resumable(folder: Path) -> bool:
    """Whether an interrupted run has left a complete checkpoint."""
    if not (folder / 'last_checkpoint').is_file():
        return False
    newest = find_latest_checkpoint(str(folder))
    return newest is not None and Path(newest).is_file()


def _untrained(cfg: Config) -> Runner:
    runner = build_runner(cfg)
    initialise(runner)
    return runner


def _take_chosen(runner: Runner, folder: Path) -> str:
    """Load the checkpoint that validation chose, else the last one; its name below the folder."""
    # The first process writes the checkpoint that all of them read.
    barrier()
    hub = runner.message_hub
    chosen = next((hub.get_info(key) for key in ('best_ckpt', 'last_ckpt') if hub.get_info(key)), None)
    if chosen is None:
        raise ConfigError(f'the run in {folder} has left no checkpoint; set default_hooks.checkpoint.interval')
    path = folder / Path(chosen).name
    runner.load_checkpoint(str(path))
    return path.name


def _steps_per_epoch(runner: Runner) -> int | None:
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    return len(runner.train_dataloader) if by_epoch else None


def _step_seconds(runner: Runner) -> float | None:
    """Seconds of a step; None if the run was at its end when it was resumed."""
    return logged_step_seconds(runner) if 'train/time' in runner.message_hub.log_scalars else None


def _data(runner: Runner, splits: Sequence[str], trains: bool) -> dict[str, Any]:
    found = {split: describe_data(build_dataset(runner.cfg, evaluated_split(runner.cfg, split)[0])) for split in splits}
    return found | ({'train': describe_data(runner.train_dataloader.dataset)} if trains else {})
