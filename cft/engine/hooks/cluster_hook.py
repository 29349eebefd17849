"""Cluster the features that a model collects, after every epoch."""

import time
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
import torch
from mmengine.dist import get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor

from cft.engine.checkpointing import saves_after_iteration
from cft.engine.loops import ResumableEpochLoop
from cft.engine.model_access import unwrap_model
from cft.engine.training_data import numbered_samples, training_batches
from cft.errors import ConfigError
from cft.registry import HOOKS

CHECKPOINT_KEY = 'collected_features'
CLUSTERED_KEY = 'clustered_after_epoch'


class Memory(Protocol):
    """Features of the images seen; see :class:`cft.models.selfsup.feature_memory.FeatureMemory`."""

    def __len__(self) -> int: ...
    def reserve(self, rows: int, device: torch.device | str, /) -> None: ...
    def joined(self) -> Any: ...
    def restore(self, joined: Any, /) -> None: ...
    def clear(self) -> None: ...


class ClusteredModel(Protocol):
    """What the hook asks of a model; see :class:`cft.models.DeepClusterV2`."""

    num_prototypes: tuple[int, ...]
    crops_for_assign: int
    assignments: Tensor
    memory: Memory
    data_preprocessor: Callable[[Any, bool], dict]

    @property
    def prototypes(self) -> list[Tensor]: ...
    def train(self) -> object: ...
    def checked_views(self, inputs: list[Tensor], /) -> list[Tensor]: ...
    def encode(self, views: list[Tensor], /) -> list[Tensor]: ...
    def collect(self, data_samples: Any, embeddings: list[Tensor], /) -> None: ...
    def update_prototypes(self, num_samples: int, generator: torch.Generator, iterations: int, /) -> None: ...


@HOOKS.register_module()
class ClusterHook(Hook):
    """Renew prototypes and assignments of :class:`cft.models.DeepClusterV2` (HEXA, algorithm 2).

    A fresh run begins with one pass over the training images without gradients,
    in training mode as in the released code, and clusters their features; it
    encodes the views that are clustered alone, on CUDA in bfloat16, and
    ``cft.MultiView`` makes no others for it. After every epoch but the last the
    features that training has collected are clustered, before the epoch's
    checkpoint is written. A run that is resumed beyond its last epoch begins
    with such a pass.

    The random starts of k-means follow from the run's seed and the epoch. A
    checkpoint from within an epoch (``CheckpointHook`` with ``by_epoch=False``)
    also holds the features collected so far, of all ranks: 4 bytes for each
    channel, view and image. :class:`cft.engine.loops.ResumableEpochLoop` goes
    on from there, on any number of ranks that gives the same batches; with
    MMEngine's own loop the epoch, and with it the collection, begins anew.

    Args:
        iterations: Of spherical k-means.

    Raises:
        ConfigError: Before training, if the model cannot be clustered, the loop
            is not epoch-based, there are more prototypes than images, samples
            are not numbered as they stand in the data set, or what a checkpoint
            holds does not fit the run.

    Example:
        >>> custom_hooks = [dict(type='cft.ClusterHook')]
        >>> train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=200)
    """

    priority = 'NORMAL'

    def __init__(self, iterations: int = 10) -> None:
        if iterations < 1:
            raise ConfigError(f'iterations of k-means must be at least 1, got {iterations}')
        self.iterations = iterations
        self._loaded: dict | None = None
        self._joined: dict | None = None
        # The epoch whose features have given the clusters.
        self._clustered: int | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        self._loaded, self._clustered = checkpoint.get(CHECKPOINT_KEY), checkpoint.get(CLUSTERED_KEY)

    def before_train(self, runner: Runner) -> None:
        model = self._checked_model(runner)
        self._num_samples = numbered_samples(runner.train_dataloader.dataset)
        rows = len(runner.train_dataloader) * (runner.train_dataloader.batch_size or 0)
        if runner.iter > 0:
            self._check_resumed(runner, model)
            self._restore(runner, model)
        model.memory.reserve(rows, model.assignments.device)
        if runner.iter == 0 or self._beyond_the_last_epoch(runner):
            self._collect(runner, model)
            self._cluster(runner, model, epoch=runner.epoch)
        self._loaded = None

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        self._joined = None

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        # Only rank 0 writes checkpoints: what the others hold must have reached it before.
        if get_world_size() > 1 and saves_after_iteration(runner):
            self._joined = _model_of(runner).memory.joined()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        checkpoint[CLUSTERED_KEY] = self._clustered
        memory = _model_of(runner).memory
        if len(memory):
            checkpoint[CHECKPOINT_KEY] = memory.joined() if get_world_size() == 1 else self._joined

    def after_train_epoch(self, runner: Runner) -> None:
        if runner.epoch + 1 < runner.max_epochs:
            self._cluster(runner, _model_of(runner), epoch=runner.epoch + 1)
        else:
            _model_of(runner).memory.clear()

    @staticmethod
    def _checked_model(runner: Runner) -> ClusteredModel:
        model = _model_of(runner)
        if not hasattr(model, 'update_prototypes'):
            raise ConfigError(
                'ClusterHook needs a model with update_prototypes, such as cft.DeepClusterV2, and '
                f'{type(model).__name__} has none; remove the hook'
            )
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            raise ConfigError(
                'EMAHook cannot average a model whose assignments take the size of the data set; remove the hook'
            )
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ConfigError(
                f'ClusterHook clusters after every epoch, and {type(runner.train_loop).__name__} has none; '
                "write train_cfg = dict(type='cft.ResumableEpochLoop', max_epochs=...)"
            )
        loader = runner.train_dataloader
        images = len(loader.dataset)
        if loader.batch_size is not None:
            # Fewer with drop_last.
            images = min(images, len(loader) * loader.batch_size * get_world_size())
        if images < max(model.num_prototypes):
            raise ConfigError(
                f'model.num_prototypes asks for {max(model.num_prototypes)} clusters of {images} training images in an '
                'epoch; lower it, or train on more images'
            )
        return model

    def _check_resumed(self, runner: Runner, model: ClusteredModel) -> None:
        clustered = model.assignments.shape[1]
        if clustered != self._num_samples:
            raise ConfigError(
                f'the checkpoint has clusters of {clustered} samples, but the training data has {self._num_samples}; '
                'resume with the same data, or start afresh with load_from and without resume'
            )
        if not all(prototypes.any() for prototypes in model.prototypes):
            raise ConfigError(
                f'the checkpoint has no prototypes for num_prototypes={model.num_prototypes}; '
                'resume with the model that it was written with, or start afresh with load_from and without resume'
            )

    def _restore(self, runner: Runner, model: ClusteredModel) -> None:
        loop = runner.train_loop
        if not isinstance(loop, ResumableEpochLoop) or loop.batches_done == 0:
            return
        if self._loaded is None:
            raise ConfigError(
                'the checkpoint was written in the middle of an epoch without the features collected in it; '
                'resume from one of CheckpointHook'
            )
        model.memory.restore(self._loaded)

    def _beyond_the_last_epoch(self, runner: Runner) -> bool:
        begins = not isinstance(runner.train_loop, ResumableEpochLoop) or runner.train_loop.batches_done == 0
        return begins and self._clustered is not None and self._clustered < runner.epoch < runner.max_epochs

    def _collect(self, runner: Runner, model: ClusteredModel) -> None:
        model.train()
        device = model.assignments.device.type
        for batch in training_batches(runner, 'Features of all training images', model.crops_for_assign):
            clustered = model.checked_views(batch['inputs'])[: model.crops_for_assign]
            data = model.data_preprocessor({**batch, 'inputs': clustered}, True)
            with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=device == 'cuda'):
                model.collect(data['data_samples'], model.encode(data['inputs']))

    def _cluster(self, runner: Runner, model: ClusteredModel, epoch: int) -> None:
        start = time.perf_counter()
        seed = np.random.SeedSequence([runner.seed, epoch]).generate_state(1)[0]
        model.update_prototypes(self._num_samples, torch.Generator().manual_seed(int(seed)), self.iterations)
        self._clustered = epoch
        found = [labels[labels >= 0] for labels in model.assignments]
        used = ', '.join(
            f'{len(labels.unique())} of {count}' for labels, count in zip(found, model.num_prototypes, strict=True)
        )
        runner.logger.info(
            f'Clustered {len(found[0])} images after epoch {epoch} in {time.perf_counter() - start:.1f} s; '
            f'clusters with images: {used}'
        )


def _model_of(runner: Runner) -> ClusteredModel:
    return cast(ClusteredModel, unwrap_model(runner.model))
