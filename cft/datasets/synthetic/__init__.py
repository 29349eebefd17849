"""Small synthetic data sets for segmentation, detection and domain generalisation, drawn without a download."""

from .digit_domains import DOMAINS, draw_digit_domains
from .folder import FolderOccupied, read_record
from .scene import SHAPES
from .shapes import draw_shapes

__all__ = ['DOMAINS', 'SHAPES', 'FolderOccupied', 'draw_digit_domains', 'draw_shapes', 'read_record']
