"""Real data sets from their official downloads: check, unpack, link and derive what the configs read."""

from .coco import prepare_coco
from .completeness import make_console
from .domains import prepare_domains
from .voc import prepare_voc

__all__ = ['make_console', 'prepare_coco', 'prepare_domains', 'prepare_voc']
