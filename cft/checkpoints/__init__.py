"""Reading checkpoints of other code bases, safely."""

from .architecture import Architecture, guess_architecture
from .convert import convert_checkpoint
from .describe import Description, describe_checkpoint
from .load import SSLPretrained, load_ssl_backbone
from .read import read_checkpoint
from .report import LoadReport
from .state_dict import NamedTensors, find_named_tensors, read_state_dict

__all__ = [
    'Architecture',
    'Description',
    'LoadReport',
    'NamedTensors',
    'SSLPretrained',
    'convert_checkpoint',
    'describe_checkpoint',
    'find_named_tensors',
    'guess_architecture',
    'load_ssl_backbone',
    'read_checkpoint',
    'read_state_dict',
]
