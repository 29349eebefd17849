"""Fine-tuning for image classification."""

from .contrastive_head import ContrastiveClsHead
from .data_preprocessor import MultiViewDataPreprocessor
from .finetune_classifier import FineTuneClassifier

__all__ = ['ContrastiveClsHead', 'FineTuneClassifier', 'MultiViewDataPreprocessor']
