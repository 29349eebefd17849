"""cft: contrastive fine-tuning of self-supervised visual models.

The components register themselves when a config first names one of them
(``type='cft.ContrastiveBranch'``). From the start there must be the weight
initialiser ``SSLPretrained``, named without a scope, and what other libraries
are given in the place of their own: :mod:`cft.compat` says what and why.
"""

from . import compat

compat.install()

from . import checkpoints  # noqa: E402 - what it imports is to be as compat has it

__all__ = ['checkpoints']
__version__ = '0.2.0'
