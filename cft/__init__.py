"""cft: contrastive fine-tuning of self-supervised visual models.

The components register themselves when a config first names one of them
(``type='cft.ContrastiveBranch'``); only the weight initialiser
``SSLPretrained``, named without a scope, must be there from the start.
"""

import warnings

from . import checkpoints

__all__ = ['checkpoints']
__version__ = '0.1.0'

# mmcv is installed without compiled operators on purpose; none of them is used.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
