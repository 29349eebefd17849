"""The data sets of the papers' comparisons for classification, read from one table: ``path,label,split``."""

from .by_name import list_image_sets, prepare_classification
from .cifar import prepare_cifar
from .image_sets import IMAGE_SETS, OTHER_SETS
from .imagenet import prepare_imagenet
from .prepare import prepare_image_set, told_preparation

__all__ = [
    'IMAGE_SETS',
    'OTHER_SETS',
    'list_image_sets',
    'prepare_cifar',
    'prepare_classification',
    'prepare_image_set',
    'prepare_imagenet',
    'told_preparation',
]
