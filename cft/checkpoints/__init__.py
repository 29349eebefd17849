"""Reading checkpoints, also of other code bases, safely."""

from .architecture import Architecture, guess_architecture
from .convert import convert_checkpoint
from .describe import Description, describe_checkpoint
from .finite_weights import refuse_non_finite
from .integrity import find_damage, with_check_sums
from .load import LoadReport, SSLPretrained, load_ssl_backbone
from .plain_arrays import Unread
from .read import read_checkpoint
from .refusal import TRUST_VARIABLE, RefusedError
from .state_dict import NamedTensors, find_named_tensors, read_state_dict

__all__ = [
    'TRUST_VARIABLE',
    'Architecture',
    'Description',
    'LoadReport',
    'NamedTensors',
    'RefusedError',
    'SSLPretrained',
    'Unread',
    'convert_checkpoint',
    'describe_checkpoint',
    'find_damage',
    'find_named_tensors',
    'guess_architecture',
    'load_ssl_backbone',
    'read_checkpoint',
    'read_state_dict',
    'refuse_non_finite',
    'with_check_sums',
]
