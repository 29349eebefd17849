"""A runner around a linear model: hooks run in MMEngine's own loops, in milliseconds."""

from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from cft.errors import ConfigError


class ToyHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.loss_weights = {'loss_ce': 1.0, 'loss_con': 1.0}

    def set_loss_weights(self, loss_weights: dict[str, float]) -> None:
        if set(loss_weights) - set(self.loss_weights):
            raise ConfigError(f'unknown loss_weights {sorted(loss_weights)}')
        self.loss_weights.update(loss_weights)


class ToyModel(BaseModel):
    """Two losses with weights, a moving average and, if asked for, a generator of pairs."""

    def __init__(self, pairs: nn.Module | None = None) -> None:
        super().__init__()
        self.backbone = nn.Linear(4, 4)
        self.head = ToyHead()
        self.pairs = pairs
        self.momenta: list[float] = []

    def update_target(self, momentum: float) -> None:
        self.momenta.append(momentum)

    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> dict[str, torch.Tensor]:
        # So small that no run of a few epochs diverges.
        features = self.backbone(inputs / 10)
        weights = self.head.loss_weights
        return {
            'loss_ce': weights['loss_ce'] * self.head.fc(features).square().mean(),
            'loss_con': weights['loss_con'] * features.square().mean(),
        }


class Recorder(Hook):
    """Keeps what ``look(runner)`` returns after each iteration."""

    priority = 'LOWEST'

    def __init__(self, look) -> None:
        self.look = look
        self.seen: list = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self.seen.append(self.look(runner))


class Batches(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> dict:
        return {'inputs': torch.full((4,), float(index + 1))}


def toy_runner(
    work_dir: Path,
    hooks: list,
    model: nn.Module | None = None,
    by_epoch: bool = False,
    length: int = 10,
    scheduler: dict | None = None,
    **settings: object,
) -> Runner:
    """A run of ``length`` iterations, or of ``length / 5`` epochs of 5 iterations."""
    loop = {'by_epoch': True, 'max_epochs': length // 5} if by_epoch else {'by_epoch': False, 'max_iters': length}
    optimizer = {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9, 'weight_decay': 0.1}
    return Runner(
        model=ToyModel() if model is None else model,
        work_dir=str(work_dir),
        train_dataloader={
            'batch_size': 1,
            'collate_fn': {'type': 'default_collate'},
            'dataset': Batches(),
            'sampler': {'type': 'DefaultSampler' if by_epoch else 'InfiniteSampler', 'shuffle': True},
        },
        train_cfg=loop,
        optim_wrapper={'optimizer': optimizer, **settings.pop('wrapper', {})},
        param_scheduler=scheduler,
        cfg={'param_scheduler': scheduler},
        custom_hooks=hooks,
        default_hooks={
            'checkpoint': {
                'type': 'cft.AtomicCheckpointHook',
                'by_epoch': by_epoch,
                'interval': 1,
                **settings.pop('checkpoint', {}),
            }
        },
        default_scope='mmengine',
        log_level='ERROR',
        experiment_name=str(work_dir).replace('/', '_'),
        randomness={'seed': 0},
        **settings,
    )
