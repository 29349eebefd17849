"""From a config to a runner: checked, completed, built."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from cft.apis.completion.completion import complete_config
from cft.apis.configs.checks import check_config
from cft.apis.configs.setting_values import check_splits
from cft.apis.configs.tracker_keys import without_secrets
from cft.engine.config_nodes import innermost_dataset, iterate_dicts
from cft.engine.starting_checkpoint import start_from
from cft.errors import ConfigError
from cft.files import require_writable

# How many runners of this process were made in the second in which its last one was.
_starts: dict[str, int] = {}


class TrainingRunner(Runner):
    """MMEngine's runner with trackers, a visualizer and a name of its own.

    The keys of trackers reach them alone: its ``cfg``, which it writes, has
    none. A visualizer that a config names is the same in every run of a process
    to MMEngine, and writes into the folder of the first; here each run has one.

    Example:
        >>> TrainingRunner.from_cfg(cfg)  # doctest: +SKIP
    """

    def __init__(self, *args: Any, cfg: Config, **kwargs: Any) -> None:
        super().__init__(*args, cfg=without_secrets(cfg), **kwargs)

    def setup_env(self, env_cfg: dict) -> None:
        """Set up the process; of runs that begin in the same second, the later ones have a number behind the time.

        MMEngine names a run, its logger, its records and its folder by the second.
        """
        super().setup_env(env_cfg)
        second: str = self.timestamp
        number = _starts.get(second, 0) + 1
        _starts.clear()
        _starts[second] = number
        if number > 1:
            self._timestamp = f'{second}_{number}'

    def build_visualizer(self, visualizer: Visualizer | dict | None = None) -> Visualizer:
        """The visualizer of this run, by the run's name."""
        if isinstance(visualizer, dict):
            visualizer = {**visualizer, 'name': self.experiment_name}
        return super().build_visualizer(visualizer)


class EvaluationRunner(TrainingRunner):
    """A runner that leaves the config of the training in its place.

    A runner writes its config into the work dir. One that only tests writes it
    beside its own log.
    """

    @master_only
    def dump_config(self) -> None:
        """Write the config into the folder of this start."""
        name = Path(self.cfg.filename).name if self.cfg.filename else 'config.py'
        self.cfg.dump(os.path.join(self.log_dir, name))


def build_runner(cfg: Config, kind: type[Runner] = TrainingRunner) -> Runner:
    """Check and complete a config, and build its runner; nothing has been trained yet.

    Without a CUDA device a distributed job uses gloo on CPUs.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` set; completed in place.
        kind: Class of the runner.

    Returns:
        The runner, its model built.

    Raises:
        ConfigError: If the config, its data folder, its checkpoint or its work dir is wrong.

    Example:
        >>> runner = build_runner(cfg)  # doctest: +SKIP
    """
    prepare_config(cfg, starts=kind is not EvaluationRunner)
    with explained_errors(cfg):
        return kind.from_cfg(cfg)


def prepare_config(cfg: Config, starts: bool = True) -> None:
    """Check and complete a config and, under a launcher, join the job.

    Args:
        cfg: As of :func:`build_runner`.
        starts: As of :func:`cft.apis.configs.checks.check_config`.

    Raises:
        ConfigError: If the config, its data folder, its work dir or the launcher's environment is wrong.

    Example:
        >>> prepare_config(cfg)  # doctest: +SKIP
    """
    if 'model' not in cfg:
        raise ConfigError(f'config {cfg.filename} has no model; is it a complete config, or one for _base_?')
    check_splits(cfg)
    # A misspelt name costs no drawing and no measuring of data.
    check_config(cfg, starts)
    complete_config(cfg)
    if cfg.get('work_dir'):
        require_writable(cfg.work_dir)


def initialise(runner: Runner) -> None:
    """Give a runner's model the weights that training would start from: the config's ``checkpoint``, if any.

    Example:
        >>> initialise(build_runner(cfg))  # doctest: +SKIP
    """
    checkpoint = runner.cfg.get('checkpoint')
    if checkpoint is not None:
        start_from(runner.model, checkpoint)
    runner._init_model_weights()


@contextlib.contextmanager
def explained_errors(cfg: Config, reads_data: str | None = None) -> Iterator[None]:
    """Turn what a constructor raises about its arguments into one line that names the place in the config.

    Args:
        cfg: The config that is built.
        reads_data: Which split's files are read, so that errors of the system are about the data: ``'train'``,
            ``'val'`` or ``'test'``; None: none.

    Raises:
        ConfigError: Instead of errors of type, value, key or assertion and, with ``reads_data``, of reading.
    """
    kinds: tuple[type[Exception], ...] = (TypeError, ValueError, KeyError, AssertionError)
    if reads_data:
        kinds += (OSError, RuntimeError)
    try:
        yield
    except kinds as error:
        raise ConfigError(_explain(error, cfg, reads_data)) from error


def _explain(error: Exception, cfg: Config, reads_data: str | None) -> str:
    if isinstance(error, ConfigError):
        return str(error)
    message = ' '.join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    unknown = re.search(r"unexpected keyword argument '(\w+)'", message)
    if unknown:
        name = unknown.group(1)
        places = [f'{where}.{name}' for where, node in iterate_dicts(cfg._cfg_dict) if where and name in node]
        if places:
            return f'{" or ".join(places)}: there is no such argument; remove it or correct its name ({message})'
    if reads_data and isinstance(error, OSError | RuntimeError | AssertionError):
        dataset = innermost_dataset(cfg.get(f'{reads_data}_dataloader', {}).get('dataset', {}))
        place = f'{dataset.get("type")} with data_root={dataset.get("data_root")!r}'
        split = {'train': 'training', 'val': 'validation', 'test': 'test'}[reads_data]
        return f'the {split} data cannot be read ({place}): {message}; put the data there or correct data_root'
    return f'the config cannot be built: {message}'
