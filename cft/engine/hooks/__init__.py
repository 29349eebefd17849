"""Hooks of the training loop."""

from .cluster_hook import ClusterHook
from .iteration_seed import IterationSeedHook
from .mixup import MixupHook
from .momentum_update import MomentumUpdateHook
from .num_classes_check import NumClassesCheckHook
from .progress_bar import ProgressBarHook
from .stage_switch import StageSwitchHook

__all__ = [
    'ClusterHook',
    'IterationSeedHook',
    'MixupHook',
    'MomentumUpdateHook',
    'NumClassesCheckHook',
    'ProgressBarHook',
    'StageSwitchHook',
]
