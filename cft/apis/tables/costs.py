"""What the runs of a table cost: GPU-hours and disk."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mmengine.config import Config

from cft.apis.configs.config import load_config
from cft.experiments import Output, Run

from .lengths import training_images
from .network_size import parameters_of
from .runs import TablePlan
from .step_times import StepTime, StepTimes, key_of

BYTES_OF_A_WEIGHT = 4
# Adam keeps two values beside each weight, SGD with momentum one.
STATES = {'Adam': 2, 'AdamW': 2, 'Adamax': 2, 'LARS': 1, 'SGD': 1}


@dataclass(frozen=True)
class RunCost:
    """A run's cost.

    Attributes:
        run: Which.
        key: What its step time depends on.
        images: That it trains on, each time counted; 0 if it only measures; None if not known.
        step: What an image costs; None if not known.
        disk: Bytes of the checkpoints that it keeps, about.

    Example:
        >>> RunCost(Run('ce', 'ce/r50_dtd'), 'ResNet-50', 376_000, StepTime(0.001, 'measured', 1.0), 0).hours
        0.10444444444444445
    """

    run: Run
    key: str
    images: int | None
    step: StepTime | None
    disk: float

    @property
    def hours(self) -> float | None:
        """Of one device; training steps alone."""
        if self.images is None or self.step is None:
            return None
        return self.images * self.step.seconds / 3600


def run_costs(plan: TablePlan, times: StepTimes) -> tuple[list[RunCost], list[Config]]:
    """The cost of each run, and the configs that they have.

    Example:
        >>> costs, configs = run_costs(plan, StepTimes())  # doctest: +SKIP
    """
    configs = _configs(plan)
    known: dict[str, RunCost] = {}
    costs = []
    for run in plan.runs:
        content = _content(run)
        if content not in known:
            known[content] = _cost(run, configs[content], times, bool(run.options.get('train', True)))
        costs.append(replace(known[content], run=run))
    return costs, list(configs.values())


def configs_of(plan: TablePlan) -> list[Config]:
    """The configs of the runs, each once, without the files that they start from.

    Example:
        >>> configs = configs_of(plan)  # doctest: +SKIP
    """
    return list(_configs(plan).values())


def _configs(plan: TablePlan) -> dict[str, Config]:
    by_content = {_content(run): run for run in plan.runs}
    return {content: load_config(run.config, _values(run)) for content, run in by_content.items()}


def _content(run: Run) -> str:
    return f'{run.config} {_values(run)} {run.options.get("train", True)}'


def _values(run: Run) -> dict[str, Any]:
    """Without checkpoints, which need not be there yet."""
    return {
        name: value for name, value in run.overrides.items() if name != 'checkpoint' and not isinstance(value, Output)
    }


def _cost(run: Run, cfg: Config, times: StepTimes, trains: bool) -> RunCost:
    if not trains:
        return RunCost(run, key_of(cfg), 0, StepTime(0.0, 'measured', 0.0), 0.0)
    return RunCost(run, key_of(cfg), training_images(cfg), times.of(cfg), _disk(cfg))


def _disk(cfg: Config) -> float:
    # A momentum encoder is a second backbone.
    networks = 2 if 'queue_length' in cfg.model else 1
    scope = cfg.get('default_scope', 'mmpretrain')
    weights = parameters_of(cfg.model.backbone.to_dict(), scope) * networks * BYTES_OF_A_WEIGHT
    wrapper: Mapping[str, Any] = cfg.get('optim_wrapper') or {}
    states = STATES.get(str((wrapper.get('optimizer') or {}).get('type', 'SGD')), 2)
    hook = cfg.default_hooks.get('checkpoint') or {}
    kept = int(hook.get('max_keep_ckpts', -1))
    interval = max(int(hook.get('interval', 1)), 1)
    length = int(cfg.train_cfg.get('max_epochs') or cfg.train_cfg.get('max_iters') or 1)
    number = kept if kept > 0 else max(length // interval, 1)
    return weights * (1 + states) * (number + bool(hook.get('save_best')))
