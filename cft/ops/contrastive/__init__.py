"""Contrastive sums over candidates whose matrix of similarities is never in memory as a whole."""

from .moments import SoftmaxMoments, softmax_moments

__all__ = ['SoftmaxMoments', 'softmax_moments']
