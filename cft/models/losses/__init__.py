"""Contrastive losses: tensors in, a scalar out."""

from .focal_supcon import FocalSupConLoss
from .info_nce import InfoNCELoss, info_nce_loss
from .prototype import PrototypeLoss, prototype_loss
from .relational import ReSSLLoss, SCELoss, ressl_loss, sce_loss
from .sce_terms import SCETermsLoss, ceiling_loss
from .schane import SCHaNeLoss, schane_loss
from .supcon import SupConLoss, supcon_loss

__all__ = [
    'FocalSupConLoss',
    'InfoNCELoss',
    'PrototypeLoss',
    'ReSSLLoss',
    'SCELoss',
    'SCETermsLoss',
    'SCHaNeLoss',
    'SupConLoss',
    'ceiling_loss',
    'info_nce_loss',
    'prototype_loss',
    'ressl_loss',
    'sce_loss',
    'schane_loss',
    'supcon_loss',
]
