"""Exports of labelling tools, made COCO JSON."""

from .convert import READERS, convert_labels

__all__ = ['READERS', 'convert_labels']
