"""Hooks of the training loop."""

from .accumulated_gradients import AccumulatedGradientsHook
from .cluster_hook import ClusterHook
from .duplicate_images import DuplicateImagesHook
from .iteration_seed import IterationSeedHook
from .mixup import MixupHook
from .momentum_update import MomentumUpdateHook
from .non_finite import NonFiniteHook
from .num_classes_check import NumClassesCheckHook
from .progress_bar import ProgressBarHook
from .stage_switch import StageSwitchHook
from .termination import TerminationHook
from .unreadable_images import UnreadableImagesHook

__all__ = [
    'AccumulatedGradientsHook',
    'ClusterHook',
    'DuplicateImagesHook',
    'IterationSeedHook',
    'MixupHook',
    'MomentumUpdateHook',
    'NonFiniteHook',
    'NumClassesCheckHook',
    'ProgressBarHook',
    'StageSwitchHook',
    'TerminationHook',
    'UnreadableImagesHook',
]
