"""What a file of torch.save may build besides tensors, without any class of the file being imported.

Objects of training frameworks become an inert :class:`Unread`, MMEngine's log
histories and NumPy arrays come back.
"""

from collections import OrderedDict

from .plain_arrays import PLAIN, Unread

# Packages whose objects training codes keep beside the weights: options, paths, callbacks, log settings.
BOOKKEEPING_PACKAGES = {
    'addict', 'argparse', 'datetime', 'easydict', 'fvcore', 'lightning', 'lightning_fabric', 'ml_collections',
    'mmcv', 'mmengine', 'omegaconf', 'pathlib', 'pytorch_lightning', 'typing', 'yacs',
}  # fmt: skip
MAPPING_NAMES = {'AttributeDict', 'CfgNode', 'ConfigDict', 'EasyDict'}


class Mapping(Unread):
    """A dict class of another library comes back as an OrderedDict."""

    def __new__(cls, *_: object) -> OrderedDict:  # type: ignore[misc]  # no instance: the dict
        return OrderedDict()


class History(Unread):
    """MMEngine's log history, which a resumed run continues; :func:`cft.checkpoints.content.finish` rebuilds it."""

    state: dict | None = None

    def __setstate__(self, state: object) -> None:
        self.state = state if isinstance(state, dict) else None


BUILTIN = {f'builtins.{name}': Unread for name in ('bool', 'float', 'getattr', 'int', 'list', 'str', 'tuple')}


def stand_in_for(name: str) -> type | None:
    """Class for a dotted name in a file written by torch.save; None for what is refused."""
    known = PLAIN | BUILTIN | {'builtins.dict': Mapping, 'collections.defaultdict': Mapping}
    if name in known:
        return known[name]
    if name == 'mmengine.logging.history_buffer.HistoryBuffer':
        return History
    package, last = name.split('.')[0], name.split('.')[-1]
    if package in BOOKKEEPING_PACKAGES or name == 'torch.torch_version.TorchVersion':
        return Mapping if last in MAPPING_NAMES or name == 'addict.addict.Dict' else Unread
    return None
