"""Put strict reading and atomic writing of checkpoints in the place of MMEngine's."""

from mmengine.fileio import register_backend
from mmengine.registry import HOOKS

from .atomic_hook import AtomicCheckpointHook
from .loader import register_loaders
from .writer import AtomicLocalBackend


def install() -> None:
    """Replace MMEngine's checkpoint loaders, its writing of local files and its ``CheckpointHook``, by name.

    From then on every config has them, whichever tool runs it: ours carry
    ``custom_imports = dict(imports=['cft'])``, and without a config
    ``import cft`` does it. What a process loads with MMEngine before that is
    loaded by MMEngine's own. Not covered are a hook that a config
    names by its class instead of its name, checkpoints of MMEngine's
    ``FlexibleRunner`` (DeepSpeed, ColossalAI), and the deprecated
    ``file_client_args``.
    """
    register_loaders()
    register_backend('local', AtomicLocalBackend, force=True, prefixes='')
    HOOKS.register_module(name='CheckpointHook', module=AtomicCheckpointHook, force=True)
