"""Orders in which a training loop draws samples."""

from .domain_balanced import DomainBalancedSampler

__all__ = ['DomainBalancedSampler']
