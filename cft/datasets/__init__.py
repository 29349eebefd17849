"""Datasets that OpenMMLab lacks."""

from .digits import Digits
from .domain_folder import DomainFolder
from .image_folder import ImageFolder
from .samplers import DomainBalancedSampler
from .stratified_subset import StratifiedSubset

__all__ = ['Digits', 'DomainBalancedSampler', 'DomainFolder', 'ImageFolder', 'StratifiedSubset']
