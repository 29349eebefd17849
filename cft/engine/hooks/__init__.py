"""Hooks of the training loop."""

from .accumulated_gradients import AccumulatedGradientsHook
from .batch_size_check import BatchSizeCheckHook
from .channels_last import ChannelsLastHook
from .cluster_hook import ClusterHook
from .config_check import ConfigCheckHook
from .duplicate_images import DuplicateImagesHook
from .embedding_measures import EmbeddingMeasuresHook
from .iteration_seed import IterationSeedHook
from .knn_monitor import KNNMonitorHook
from .labels_check import LabelsCheckHook
from .mixup import MixupHook
from .momentum_update import MomentumUpdateHook
from .noisy_tune import NoisyTuneHook
from .non_finite import NonFiniteHook
from .num_classes_check import NumClassesCheckHook
from .pretraining_monitor import PretrainingMonitorHook
from .progress_bar import ProgressBarHook
from .rank_statistics import RankStatisticsHook
from .regularizer import RegularizerHook
from .rifle import RIFLEHook
from .run_cost import RunCostHook
from .stage_switch import StageSwitchHook
from .starting_checkpoint import StartingCheckpointHook
from .termination import TerminationHook
from .trial_report import TrialReportHook
from .unreadable_images import UnreadableImagesHook

__all__ = [
    'AccumulatedGradientsHook',
    'BatchSizeCheckHook',
    'ChannelsLastHook',
    'ClusterHook',
    'ConfigCheckHook',
    'DuplicateImagesHook',
    'EmbeddingMeasuresHook',
    'IterationSeedHook',
    'KNNMonitorHook',
    'LabelsCheckHook',
    'MixupHook',
    'MomentumUpdateHook',
    'NoisyTuneHook',
    'NonFiniteHook',
    'NumClassesCheckHook',
    'PretrainingMonitorHook',
    'ProgressBarHook',
    'RIFLEHook',
    'RankStatisticsHook',
    'RegularizerHook',
    'RunCostHook',
    'StageSwitchHook',
    'StartingCheckpointHook',
    'TerminationHook',
    'TrialReportHook',
    'UnreadableImagesHook',
]
