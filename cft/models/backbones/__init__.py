"""Backbones that mmpretrain lacks, and the place of one that is yet to be chosen."""

from .auto import AutoBackbone
from .resnet12 import ResNet12
from .timm_backbone import TimmBackbone

__all__ = ['AutoBackbone', 'ResNet12', 'TimmBackbone']
