"""MMEngine's backends for W&B and MLflow that keep to a run's own files."""

import os
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.visualization import MLflowVisBackend as MMEngineMLflowVisBackend
from mmengine.visualization import WandbVisBackend as MMEngineWandbVisBackend
from mmengine.visualization.vis_backend import force_init_env

from cft.registry import VISBACKENDS

# MLflow 3 asks for the first before it writes a folder, and its light package can write nothing else; the second and
# W&B's keep reports on the use of the package at home.
MLFLOW_LOCAL = {'MLFLOW_ALLOW_FILE_STORE': 'true', 'MLFLOW_DISABLE_TELEMETRY': 'true'}
WANDB_LOCAL = {'WANDB_ERROR_REPORTING': 'false'}


@VISBACKENDS.register_module()
class WandbVisBackend(MMEngineWandbVisBackend):
    """Weights & Biases without a copy of the source code: MMEngine's backend takes all of the current folder along.

    Args:
        Those of :class:`mmengine.visualization.WandbVisBackend`.

    Example:
        >>> backend = dict(type='cft.WandbVisBackend', init_kwargs=dict(mode='offline', project='cft'))
    """

    def _init_env(self) -> None:
        if (self._init_kwargs or {}).get('mode') == 'offline':
            _set_unset(WANDB_LOCAL)
        super()._init_env()

    @force_init_env
    def add_config(self, config: Config, **kwargs: object) -> None:
        """Record the config of the run."""
        self._wandb.config.update(config.to_dict(), allow_val_change=True)


@VISBACKENDS.register_module()
class MLflowVisBackend(MMEngineMLflowVisBackend):
    """MLflow in a folder of its own, without copies of the run's files: the work dir, which holds it, has them.

    Args:
        save_dir: MLflow's folder is ``mlflow`` in it.
        kwargs: Those of :class:`mmengine.visualization.MLflowVisBackend`.

    Example:
        >>> backend = dict(type='cft.MLflowVisBackend', exp_name='cft')
    """

    def __init__(self, save_dir: str, **kwargs: Any) -> None:
        super().__init__(str(Path(save_dir, 'mlflow')), **kwargs)

    def _init_env(self) -> None:
        if self._tracking_uri is None:
            _set_unset(MLFLOW_LOCAL)
        super()._init_env()

    def close(self) -> None:
        """End the run."""
        if hasattr(self, '_mlflow'):
            self._mlflow.end_run()


def _set_unset(variables: dict[str, str]) -> None:
    for name, value in variables.items():
        os.environ.setdefault(name, value)
