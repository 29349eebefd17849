"""Whether a pre-training works, while it runs."""

import logging
from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor

from cft.engine.encoding import labels_of, pooled, several_labels
from cft.engine.first_outputs import FirstOutput
from cft.engine.linear_probe import LinearProbe
from cft.engine.logged_iterations import is_logged
from cft.engine.model_access import unwrap_model
from cft.engine.seeded_batches import undisturbed_generators
from cft.errors import ConfigError
from cft.ops import is_distributed, relation_entropy, unit_row_moments, unit_row_std
from cft.registry import HOOKS

CHECKPOINT_KEY = 'online_probe'
# Embeddings whose standard deviation stays below this have a mean cosine similarity above 0.9996.
COLLAPSED = 0.02
LINES = 3


@HOOKS.register_module()
class PretrainingMonitorHook(Hook):
    """Log how well a linear probe does on the features, and whether they collapse.

    In the log, with each of its lines:

    - ``probe_accuracy``: per cent of the training images since the last line
      that a linear classifier on the backbone's features of the first view
      recognised before it learnt from them. Images without labels are left
      out; without any, a line says that there is no probe.
    - ``feature_std`` and ``embedding_std``: standard deviation of the backbone's
      and the projector's l2-normalised outputs in the batch, times sqrt(D):
      1 is even, 0 a collapse (:func:`cft.ops.unit_row_std`).
    - ``queue_entropy``: of a model with a queue, how evenly a key's relations
      lie over the past keys, at the target's temperature: 1 if all are equally
      similar, as in a collapse (:func:`cft.ops.relation_entropy`). It falls as
      relations begin to tell something; at MoCo-v2's 0.2 it stays near 1.

    The training stays as it is, bit for bit: gradients stop at the features,
    the probe has an optimiser of its own and draws no random numbers. Its state
    is in checkpoints, so that a resumed run logs what the uninterrupted one
    does. Several processes log what one would. It learns in every iteration,
    whether gradients are accumulated or not, and in float32 under AMP.

    Args:
        optimizer: Of the probe, a config of ``torch.optim``; default Adam at 1e-3.
        stop_on_collapse: Stop the run when ``embedding_std`` was below 0.02 in three log lines in a row.

    Raises:
        ConfigError: Before training, if the model has no backbone or the labelled images do not name their classes;
            in training, on all ranks, for a collapse that is to stop it.

    Example:
        >>> custom_hooks = [dict(type='cft.PretrainingMonitorHook', stop_on_collapse=True)]

    On the command line: ``--cfg-options default_hooks.monitor.type=cft.PretrainingMonitorHook``.
    """

    priority = 'NORMAL'

    def __init__(self, optimizer: dict | None = None, stop_on_collapse: bool = False) -> None:
        self.optimizer = {'type': 'Adam', 'lr': 1e-3} if optimizer is None else dict(optimizer)
        self.stop_on_collapse = stop_on_collapse
        self._loaded: Mapping[str, Any] | None = None
        self._probe: LinearProbe | None = None
        self._parts: dict[str, FirstOutput] = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        self._loaded = checkpoint.get(CHECKPOINT_KEY) if runner._resume else None

    def before_train(self, runner: Runner) -> None:
        model: Any = unwrap_model(runner.model)
        if getattr(model, 'backbone', None) is None:
            raise ConfigError(f'PretrainingMonitorHook: {type(model).__name__} has no backbone; remove the hook')
        self._classes = _number_of_classes(runner)
        self._parts = {'feature': FirstOutput(model.backbone)}
        if getattr(model, 'neck', None) is not None:
            self._parts['embedding'] = FirstOutput(model.neck)
        if getattr(model, 'queue', None) is not None and len(model.queue.features) > 1:
            temperature = getattr(model.head, 'target_temperature', None) or getattr(model.head, 'temperature', 0.1)
            # Before the keys enter the queue themselves.
            self._parts['queue'] = FirstOutput(
                model.target_neck, lambda keys: relation_entropy(pooled(keys), model.queue.features, temperature)
            )
        if self._loaded is not None and self._classes:
            classes, width = self._loaded['weight'].shape
            if classes != self._classes:
                raise ConfigError(
                    f'PretrainingMonitorHook: the checkpoint has a probe of {classes} classes, but the training data '
                    f'have {self._classes}; resume with the same data'
                )
            self._build(width, next(model.parameters()).device).load_state_dict(self._loaded)
        self._loaded = None

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        logged = is_logged(runner, batch_idx)
        for name, part in self._parts.items():
            if logged or (name == 'feature' and self._classes):
                part.ask()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        rows = {name: part.answer() for name, part in self._parts.items()}
        features = rows['feature']
        if self._classes and features is not None:
            labels = labels_of(data_batch['data_samples'])
            probe = self._probe or self._build(features.shape[1], features.device)
            # Of several views that pass together, the first.
            probe.step(features[: len(labels)], labels.to(features.device, non_blocking=True))
        if is_logged(runner, batch_idx):
            self._log(runner, {name: value for name, value in rows.items() if value is not None})

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if self._probe is not None:
            checkpoint[CHECKPOINT_KEY] = self._probe.state_dict()

    def after_train(self, runner: Runner) -> None:
        for part in self._parts.values():
            part.close()

    def _build(self, width: int, device: torch.device) -> LinearProbe:
        self._probe = LinearProbe(width, self._classes, self.optimizer, device)
        return self._probe

    def _log(self, runner: Runner, rows: dict[str, Tensor]) -> None:
        numbers = log_numbers(rows)
        if self._probe is not None:
            numbers['probe_accuracy'] = 100 * self._probe.counts[0] / self._probe.counts[1]
        # All at once: the device is waited for here alone.
        for name, value in zip(
            numbers, torch.stack([*map(torch.Tensor.double, numbers.values())]).tolist(), strict=True
        ):
            runner.message_hub.update_scalar(f'train/{name}', value)
        if self._probe is not None:
            self._probe.counts.zero_()
        if self.stop_on_collapse and 'embedding_std' in numbers:
            self._check(runner)

    @staticmethod
    def _check(runner: Runner) -> None:
        # Kept in checkpoints.
        last = runner.message_hub.get_scalar('train/embedding_std').data[0][-LINES:]
        if len(last) == LINES and max(last) < COLLAPSED:
            raise ConfigError(
                f'training stopped at iteration {runner.iter + 1}: the embeddings have collapsed, their standard '
                f'deviation is {last[-1]:.2g} (1 is even, 0 one point) and was below {COLLAPSED} in {LINES} log lines; '
                'lower the learning rate or warm it up longer'
            )


def log_numbers(rows: dict[str, Tensor]) -> dict[str, Tensor]:
    """Scalars of the log, of the joined batch of all ranks; every rank must call.

    Args:
        rows: (N, D) ``feature``, (N, E) ``embedding`` and (N,) entropies ``queue``, as far as there are.

    Example:
        >>> log_numbers({'feature': torch.eye(2)})
        {'feature_std': tensor(0.7071, dtype=torch.float64)}
    """
    spread = {name: unit_row_moments(rows[name]) for name in ('feature', 'embedding') if name in rows}
    entropy = rows.get('queue')
    sums = list(spread.values())
    if entropy is not None:
        sums.append(torch.stack([entropy.double().sum(), entropy.new_tensor(len(entropy)).double()]))
    if not sums:
        return {}
    joined = torch.cat([part.flatten() for part in sums])
    if is_distributed():
        dist.all_reduce(joined)
    parts = [part.view_as(old) for part, old in zip(joined.split([part.numel() for part in sums]), sums, strict=True)]
    numbers = {f'{name}_std': unit_row_std(part) for name, part in zip(spread, parts, strict=False)}
    return numbers if entropy is None else {**numbers, 'queue_entropy': parts[-1][0] / parts[-1][1]}


def _number_of_classes(runner: Runner) -> int:
    """Of labelled training images; 0 if they have no labels."""
    dataset = runner.train_dataloader.dataset
    with undisturbed_generators():
        sample = dataset[0]['data_samples']
    if 'gt_label' not in sample or several_labels(runner.model):
        print_log('The training images have no labels: no probe learns from them', 'current', logging.INFO)
        return 0
    classes = getattr(dataset, 'metainfo', {}).get('classes')
    if not classes:
        raise ConfigError(
            f'PretrainingMonitorHook: {type(dataset).__name__} does not name its classes, and a probe needs their '
            'number; give metainfo=dict(classes=[...]) to train_dataloader.dataset'
        )
    return len(classes)
