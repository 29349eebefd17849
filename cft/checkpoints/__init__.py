"""Reading checkpoints safely, also of other code bases, and writing them without loss."""

from .architecture import Architecture, guess_architecture
from .atomic_hook import AtomicCheckpointHook
from .convert import convert_checkpoint
from .describe import Description, describe_checkpoint
from .installation import install
from .integrity import find_damage
from .latest import find_resumable
from .load import SSLPretrained, load_ssl_backbone
from .read import read_checkpoint
from .report import LoadReport
from .state_dict import NamedTensors, find_named_tensors, read_state_dict
from .writer import write_atomically

__all__ = [
    'Architecture',
    'AtomicCheckpointHook',
    'Description',
    'LoadReport',
    'NamedTensors',
    'SSLPretrained',
    'convert_checkpoint',
    'describe_checkpoint',
    'find_damage',
    'find_named_tensors',
    'find_resumable',
    'guess_architecture',
    'install',
    'load_ssl_backbone',
    'read_checkpoint',
    'read_state_dict',
    'write_atomically',
]
