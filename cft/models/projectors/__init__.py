"""Projection heads."""

from .mlp import MLPProjector

__all__ = ['MLPProjector']
