"""Fine-tuning for image classification."""

from .bi_tuning_classifier import BiTuningClassifier
from .contrastive_head import ContrastiveClsHead
from .data_preprocessor import MultiViewDataPreprocessor
from .finetune_classifier import FineTuneClassifier
from .frozen_backbone_classifier import FrozenBackboneClassifier

__all__ = [
    'BiTuningClassifier',
    'ContrastiveClsHead',
    'FineTuneClassifier',
    'FrozenBackboneClassifier',
    'MultiViewDataPreprocessor',
]
