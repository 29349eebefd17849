"""Schedules of the configs in runs that are far shorter."""

from mmengine.config import Config

from cft.engine.schedule_length import check_schedule
from cft.errors import ConfigError


def fit_schedule(cfg: Config) -> None:
    """Where a schedule does not fit the run any more, begin the main one at once and let it end with the run."""
    try:
        check_schedule(cfg._cfg_dict, Config.fromfile(cfg.filename, import_custom_modules=False).to_dict())
    except ConfigError:
        schedulers = cfg.param_scheduler if isinstance(cfg.param_scheduler, list) else [cfg.param_scheduler]
        main = dict(schedulers[-1], begin=0)
        if main['type'] == 'MultiStepLR':
            main['milestones'] = []
        if main['type'] == 'ExponentialLR':
            main['gamma'] = 0.5
        cfg.param_scheduler = main
