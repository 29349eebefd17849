"""Leave one domain out: train on the others, choose on their validation part, test on the one held out."""

import contextlib
import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.dist import barrier, get_world_size, is_main_process
from mmengine.runner import find_latest_checkpoint

from cft.engine.sole_run import sole_run
from cft.files import write_atomically

from .completion import leads_job
from .held_out_runs import METRIC, HeldOutRun, plan_runs
from .launcher_environment import join_job
from .training import train

__all__ = ['HeldOutRun', 'leave_one_domain_out', 'plan_runs', 'read_result', 'run_held_out']


def leave_one_domain_out(
    runs: Sequence[HeldOutRun],
    on_start: Callable[[HeldOutRun], None] = lambda run: None,
    on_result: Callable[[HeldOutRun, dict], None] = lambda run, result: None,
) -> list[dict]:
    """Do those runs of a plan that are not finished.

    In a distributed job every process calls this, and all must see the same folders.

    Args:
        runs: From :func:`plan_runs`.
        on_start: Called before a run is trained, e.g. to show progress.
        on_result: Called with each result, also with those that were there.

    Returns:
        The results of :func:`run_held_out`, in the order of the plan.

    Example:
        >>> runs = plan_runs(['configs/quickstart/ce_dg.py'], [0], Path('work_dirs/dg'))  # doctest: +SKIP
        >>> print(domain_table(leave_one_domain_out(runs)))  # doctest: +SKIP
    """
    # All are read before the first is trained, so that the processes agree on what is left to do.
    known = [read_result(run) for run in runs]
    results = []
    for run, result in zip(runs, known, strict=True):
        if result is None:
            on_start(run)
            result = run_held_out(run)
        on_result(run, result)
        results.append(result)
    return results


def run_held_out(run: HeldOutRun) -> dict:
    """Train, take the checkpoint with the best validation accuracy, test it on the held-out domain.

    The best is the first maximum of the mean over the training domains'
    held-out parts. A run that was interrupted goes on from its newest
    checkpoint. The result is kept in the run's folder.

    Args:
        run: From :func:`plan_runs`.

    Returns:
        ``method``, ``test_domain``, ``seed``; ``iteration`` of the checkpoint;
        its ``validation`` accuracy and its ``test`` accuracy on the held-out
        domain, in per cent; the number of ``processes``.

    Example:
        >>> runs = plan_runs(['configs/quickstart/ce_dg.py'], [0], Path('work_dirs/dg'))  # doctest: +SKIP
        >>> run_held_out(runs[0])['test']  # doctest: +SKIP
    """
    join_job(run.cfg)
    # Until the result is there: another process would begin the same run again.
    with sole_run(run.folder, run.folder.name) if leads_job(run.cfg) else contextlib.nullcontext():
        return _run_held_out(run)


def _run_held_out(run: HeldOutRun) -> dict:
    cfg = copy.deepcopy(run.cfg)
    cfg.work_dir = str(run.folder)
    # MMEngine keeps what a run knows about itself under this name, for the whole process.
    cfg.experiment_name = run.folder.name
    runner = train(cfg, resume=is_resumable(run.folder))
    # The main process writes the checkpoint that all of them read.
    barrier()
    best = run.folder / Path(runner.message_hub.get_info('best_ckpt')).name
    checkpoint = runner.load_checkpoint(str(best))
    result = {
        'method': run.method,
        'test_domain': run.test_domain,
        'seed': run.seed,
        'iteration': int(checkpoint['meta']['iter']),
        'validation': float(runner.message_hub.get_info('best_score')),
        'test': float(runner.test()[METRIC]),
        'processes': get_world_size(),
    }
    if is_main_process():
        write_atomically(run.folder / 'result.json', json.dumps(result, indent=1).encode())
    return result


def read_result(run: HeldOutRun) -> dict | None:
    """What :func:`run_held_out` returned for the same config, None if it has not finished yet.

    Example:
        >>> from mmengine.config import Config
        >>> read_result(HeldOutRun('quickstart/ce_dg', 'photo', 0, Config(), Path('no/such/run'))) is None
        True
    """
    path = run.folder / 'result.json'
    return json.loads(path.read_text()) if path.is_file() else None


def is_resumable(folder: Path) -> bool:
    """Whether an interrupted run has left a complete checkpoint."""
    if not (folder / 'last_checkpoint').is_file():
        return False
    newest = find_latest_checkpoint(str(folder))
    return newest is not None and Path(newest).is_file()
