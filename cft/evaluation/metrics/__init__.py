"""Metrics that an evaluator of a config names."""

from .domain_accuracy import DomainAccuracy

__all__ = ['DomainAccuracy']
