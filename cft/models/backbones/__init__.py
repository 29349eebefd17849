"""Backbones that mmpretrain lacks, and the place of one that is yet to be chosen."""

from .auto import AutoBackbone
from .timm_backbone import TimmBackbone

__all__ = ['AutoBackbone', 'TimmBackbone']
