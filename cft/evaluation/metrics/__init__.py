"""Metrics that an evaluator of a config names."""

from .class_group_accuracy import ClassGroupAccuracy
from .domain_accuracy import DomainAccuracy

__all__ = ['ClassGroupAccuracy', 'DomainAccuracy']
