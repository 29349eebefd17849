"""Batches that nothing, or not every layer, can be trained on."""

import copy
import logging
from collections.abc import Sized
from typing import cast

import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from cft.engine.batch_sizes import batch_size_of, drops_last
from cft.engine.model_access import unwrap_model
from cft.engine.seeded_batches import undisturbed_generators
from cft.engine.single_values import SingleValueError, explained_batches
from cft.errors import ConfigError
from cft.registry import HOOKS


@HOOKS.register_module()
class BatchSizeCheckHook(Hook):
    """Stop before training if there is no batch, or a batch of one image for a BatchNorm that cannot take it.

    With ``drop_last=True`` and fewer images than a batch, an epoch has no
    step. Where a batch of one image will come, at the end of an epoch most
    often, a copy of the model is tried on one: a BatchNorm behind a global
    pooling would stop the training there. Runs of several processes stop there.

    Example:
        >>> default_hooks = dict(batch_size_check=dict(type='cft.BatchSizeCheckHook'))
    """

    def before_train(self, runner: Runner) -> None:
        loader = runner.train_dataloader
        if not isinstance(loader.dataset, Sized):
            return
        require_steps(loader)
        batch_size, images = batch_size_of(loader), len(loader.dataset)
        where = _batch_of_one(loader, batch_size, images)
        # With several processes a trial on one of them alone would wait for the others.
        if where is not None and get_world_size() == 1:
            self._try_one(runner, where)

    @staticmethod
    def _try_one(runner: Runner, where: str) -> None:
        loader = runner.train_dataloader
        model = copy.deepcopy(unwrap_model(runner.model)).train()
        try:
            with explained_batches(where), undisturbed_generators(), torch.random.fork_rng():
                batch = cast(dict, loader.collate_fn([loader.dataset[0]]))
                data = cast(nn.Module, model.data_preprocessor)(batch, True)
                model(**data, mode='loss')
        except SingleValueError:
            raise
        except Exception as error:
            # A model may need what other hooks give it later; what is wrong with it, the first step tells.
            print_log(f'A batch of one image was not tried: {error}', 'current', logging.DEBUG)


def require_steps(loader: DataLoader) -> None:
    """Check that a pass over the training data has a step.

    Raises:
        ConfigError: With fewer images than a batch where incomplete ones are dropped.

    Example:
        >>> require_steps(DataLoader([1, 2, 3], batch_size=2, drop_last=True))
    """
    if isinstance(loader.dataset, Sized) and len(loader) == 0:
        raise ConfigError(
            f'train_dataloader: {len(loader.dataset)} images make no batch of {batch_size_of(loader)} in each process '
            'with drop_last=True, so that nothing would be trained; set train_dataloader.drop_last=False or a smaller '
            'batch_size'
        )


def _batch_of_one(loader: DataLoader, batch_size: int | None, images: int) -> str | None:
    """In words which batch has one image; None if none has."""
    if batch_size == 1:
        return 'train_dataloader.batch_size=1'
    sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
    if batch_size is None or drops_last(loader) or isinstance(sampler, InfiniteSampler):
        return None
    if len(cast(Sized, sampler)) % batch_size != 1:
        return None
    return f'the last batch of one image ({images} images in batches of {batch_size})'
