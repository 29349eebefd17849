"""Describe a run that stands before its first step."""

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn

from cft.checkpoints import load_ssl_backbone
from cft.engine.class_heads import num_classes_of
from cft.engine.config_nodes import innermost_dataset
from cft.engine.hooks import StageSwitchHook
from cft.engine.hooks.duplicate_images import dataset_of
from cft.engine.model_access import unwrap_model
from cft.engine.run_cost import describe_device
from cft.engine.trial_step import batch_and_images, seconds_of, trial_step
from cft.models.branches import ContrastiveBranch

from .step_cost import peak_bytes
from .training_plan import TrainingPlan

# Tried on CPUs, where a whole batch may take a minute; a quick one is tried as a whole.
IMAGES, QUICK = 4, 5.0


def describe_run(runner: Runner) -> TrainingPlan:
    """The plan of a run; its model is not used afterwards.

    Args:
        runner: In ``before_train``, after all checks.

    Example:
        >>> describe_run(runner)  # doctest: +SKIP
    """
    model = unwrap_model(runner.model)
    loop = runner.train_loop
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    dataset = innermost_dataset(runner.cfg.train_dataloader.dataset)
    classes = list(num_classes_of(model).values())
    cost: dict[str, Any] = {}
    try:
        cost['step_seconds'], cost['memory'] = _cost(runner)
    except Exception as error:
        # As a clustering that has not taken place; what is wrong otherwise, the first step tells.
        reason = ' '.join(str(error).split()).split(';')[0] or type(error).__name__
        cost['unknown'] = f'a step cannot be tried beforehand ({reason})'
    return TrainingPlan(
        config=str(runner.cfg.filename),
        method=', '.join([type(model).__name__, *_parts(model)]),
        network=_network(model, runner.cfg.model),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        checkpoint=_checkpoint(runner, model),
        data=str(dataset.get('data_root', dataset.get('type'))),
        images=_images(runner),
        classes=classes[0] if classes else None,
        views=_views(runner),
        batch_size=batch_and_images(runner)[0],
        steps_per_epoch=len(runner.train_dataloader) if by_epoch else None,
        steps=loop.max_iters,
        optimizer=_optimizer(runner),
        stages=list(_stages(runner)),
        device=describe_device(next(model.parameters()).device),
        best=_best(runner),
        work_dir=runner.work_dir,
        **cost,
    )


def _parts(model: nn.Module) -> Iterator[str]:
    """What makes the method, beside the model."""
    for term in getattr(getattr(model, 'regularizers', None), 'terms', ()):
        yield type(term).__name__
    for module in model.modules():
        if isinstance(module, ContrastiveBranch):
            pairs = f' with {type(module.pairs).__name__}' if module.pairs is not None else ''
            yield f'{type(module.loss).__name__}{pairs}'
    head = getattr(model, 'head', None)
    if head is not None:
        yield type(head).__name__


def _network(model: nn.Module, cfg: dict) -> str:
    settings = {key: value for key, value in cfg.get('backbone', {}).items() if key in ('depth', 'arch', 'model_name')}
    backbone = getattr(model, 'backbone', model)
    name = str(cfg.get('backbone', {}).get('type', type(backbone).__name__))
    return ' '.join([name, *(f'{key}={value}' for key, value in settings.items())])


def _checkpoint(runner: Runner, model: nn.Module) -> str:
    path = runner.cfg.get('checkpoint')
    if path is not None:
        # It has been loaded; what was found in it stood in the log.
        return f'{path}: {load_ssl_backbone(model.get_submodule("backbone"), path)}'
    own = (runner.cfg.model.get('backbone') or {}).get('init_cfg') or {}
    start = runner._load_from or (own.get('checkpoint') if isinstance(own, dict) else None)
    return f'{start}' if start else 'none: random weights'


def _images(runner: Runner) -> dict[str, int]:
    datasets = {'training': runner.train_dataloader.dataset}
    datasets |= {split: dataset_of(runner, split) for split in ('validation', 'test')}
    return {split: len(dataset) for split, dataset in datasets.items() if dataset is not None}


def _views(runner: Runner) -> str:
    inputs = runner.train_dataloader.dataset[0]['inputs']
    views = inputs if isinstance(inputs, list | tuple) else [inputs]
    sizes = [' x '.join(str(side) for side in reversed(view.shape[-2:])) for view in views]
    counts = {size: sizes.count(size) for size in sizes}
    return ' and '.join(f'{number} view{"s" * (number > 1)} of {size}' for size, number in counts.items())


def _optimizer(runner: Runner) -> str:
    wrapper = runner.cfg.optim_wrapper
    settings = dict(wrapper.get('optimizer') or {})
    kind = settings.pop('type', wrapper.get('type'))
    schedulers = runner.cfg.get('param_scheduler') or []
    schedulers = [schedulers] if isinstance(schedulers, dict) else schedulers
    names = ', '.join(str(scheduler.get('type')) for scheduler in schedulers) or 'a constant rate'
    mixed = ', mixed precision' if wrapper.get('type') == 'AmpOptimWrapper' else ''
    return ', '.join([str(kind), *(f'{key} {value}' for key, value in settings.items())]) + f'; {names}{mixed}'


def _stages(runner: Runner) -> Iterator[str]:
    for hook in runner.hooks:
        if not isinstance(hook, StageSwitchHook):
            continue
        ends = [*hook.starts[1:], runner.max_iters]
        for begin, end, stage in zip(hook.starts, ends, hook.stages, strict=True):
            weights = ', '.join(f'{name} x {weight:g}' for name, weight in stage.get('loss_weights', {}).items())
            frozen = f'; frozen: {", ".join(stage["frozen"])}' if stage.get('frozen') else ''
            yield f'steps {begin + 1} to {end}: {weights or "all losses"}{frozen}'


def _best(runner: Runner) -> str:
    keys = [hook.key_indicators for hook in runner.hooks if isinstance(hook, CheckpointHook) and hook.save_best]
    names = [str(name) for group in keys for name in group or []]
    return (
        f'checkpoint by {", ".join(names)} of the validation' if names else 'no best checkpoint is kept, only the last'
    )


def _cost(runner: Runner) -> tuple[float, int]:
    """Seconds of a step, and bytes at its peak."""
    model = unwrap_model(runner.model)
    batch, there = batch_and_images(runner)
    on_cpu = next(model.parameters()).device.type == 'cpu'
    whole = min(batch, there)
    for images in sorted({min(whole, IMAGES if on_cpu else batch), whole}):
        with trial_step(runner, images) as step:
            seconds, peak = seconds_of(step), peak_bytes(step)
        if seconds * batch / images > QUICK:
            break
    held = _bytes([*model.parameters(), *model.buffers()])
    gradients = _bytes([parameter for parameter in model.parameters() if parameter.requires_grad])
    activations = max(peak - gradients, 0) * batch // images
    return seconds * batch / images, held + gradients + _optimizer_state(runner) + activations


def _optimizer_state(runner: Runner) -> int:
    """Bytes that the optimiser keeps after its first step."""
    for parameter in runner.model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)
    wrapper: Any = runner.optim_wrapper
    wrapper.optimizer.step()
    state = wrapper.optimizer.state.values()
    return _bytes([value for entry in state for value in entry.values() if isinstance(value, torch.Tensor)])


def _bytes(tensors: list[torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
