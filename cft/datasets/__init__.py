"""Datasets that OpenMMLab lacks."""

from .digits import Digits
from .image_folder import ImageFolder
from .stratified_subset import StratifiedSubset

__all__ = ['Digits', 'ImageFolder', 'StratifiedSubset']
