"""cft: contrastive fine-tuning of self-supervised visual models.

The components register themselves when a config first names one of them
(``type='cft.ContrastiveBranch'``). From the start there must be the weight
initialiser ``SSLPretrained``, named without a scope, the operators that
detectors look for in mmcv (:mod:`cft.import_hooks`), and the strict reading and
atomic writing of checkpoints (:mod:`cft.checkpoints.installation`).
"""

import warnings

from . import checkpoints, import_hooks

__all__ = ['checkpoints']
__version__ = '0.1.0'

import_hooks.install()
checkpoints.install()
# An optional, faster evaluation of mmdet's that none of our configs uses.
warnings.filterwarnings('ignore', message='faster_coco_eval is not installed')
