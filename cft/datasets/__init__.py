"""Datasets that OpenMMLab lacks."""

from .cifar import CIFAR10, CIFAR100
from .cifar100_classes import CIFAR100Classes
from .class_subset import ClassSubset
from .digits import Digits
from .domain_folder import DomainFolder
from .fashion_mnist import FashionMNIST
from .image_folder import ImageFolder
from .imagenet_list import ImageNetList
from .imagenet_subset import ImageNetSubset
from .label_table import LabelTable, MultiLabelTable
from .noisy_labels import NoisyLabels
from .samplers import DomainBalancedSampler
from .stl10 import STL10
from .stratified_subset import StratifiedSubset
from .tiny_imagenet import TinyImageNet
from .unlabelled_images import UnlabelledImages

__all__ = [
    'CIFAR10',
    'CIFAR100',
    'STL10',
    'CIFAR100Classes',
    'ClassSubset',
    'Digits',
    'DomainBalancedSampler',
    'DomainFolder',
    'FashionMNIST',
    'ImageFolder',
    'ImageNetList',
    'ImageNetSubset',
    'LabelTable',
    'MultiLabelTable',
    'NoisyLabels',
    'StratifiedSubset',
    'TinyImageNet',
    'UnlabelledImages',
]
