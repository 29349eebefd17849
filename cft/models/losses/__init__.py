"""Contrastive losses: tensors in, a scalar out.

What holds for all of them:

- Floating-point rows of any type and any finite length, zero included, give a
  finite value and the equation's gradient, computed in float32 or the widest
  type among the arguments and returned in the type of each (where it is 0 or
  infinite if it is beyond that type's range).
- A row that does not take part (a masked extra, a row without a prototype) has
  no effect, whatever it holds; its gradient is 0.
- A NaN or infinity in any other row makes the value NaN. It is no error: under
  automatic mixed precision features overflow now and then. The step is skipped,
  and :class:`cft.engine.hooks.NonFiniteHook` ends a run in which that persists.
- Integer rows, shapes that do not fit and labels without a meaning are a ValueError.
"""

from .bi_tuning import categorical_contrastive_loss, contrastive_cross_entropy_loss
from .candidates import (
    Similarities,
    batch_similarities,
    check_inputs,
    masked_logsumexp,
    mean_over_anchors,
    propagate_non_finite,
)
from .info_nce import InfoNCELoss, info_nce_loss
from .prototype import PrototypeLoss, prototype_loss
from .prototype_heads import prototype_head_losses
from .relational import ReSSLLoss, SCELoss, ressl_loss, sce_loss
from .sce_terms import SCETermsLoss, ceiling_loss
from .schane import SCHaNeLoss, schane_loss
from .supcon import FocalSupConLoss, SupConLoss, supcon_loss
from .triplet import TripletLoss, triplet_loss

__all__ = [
    'FocalSupConLoss',
    'InfoNCELoss',
    'PrototypeLoss',
    'ReSSLLoss',
    'SCELoss',
    'SCETermsLoss',
    'SCHaNeLoss',
    'Similarities',
    'SupConLoss',
    'TripletLoss',
    'batch_similarities',
    'categorical_contrastive_loss',
    'ceiling_loss',
    'check_inputs',
    'contrastive_cross_entropy_loss',
    'info_nce_loss',
    'masked_logsumexp',
    'mean_over_anchors',
    'propagate_non_finite',
    'prototype_head_losses',
    'prototype_loss',
    'ressl_loss',
    'sce_loss',
    'schane_loss',
    'supcon_loss',
    'triplet_loss',
]
