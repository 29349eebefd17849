"""Reading checkpoints of other code bases, safely."""

from .load import LoadReport, SSLPretrained, load_ssl_backbone
from .state_dict import read_state_dict

__all__ = ['LoadReport', 'SSLPretrained', 'load_ssl_backbone', 'read_state_dict']
