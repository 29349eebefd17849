"""What a file of torch.save may build besides tensors, without any class of the file being imported.

Objects of training frameworks become an inert :class:`Unread`, MMEngine's log
histories and NumPy arrays come back.
"""

from collections import OrderedDict

import numpy as np

from .plain_arrays import PLAIN, Array, Unread

# Packages whose objects training codes keep beside the weights: options, paths, callbacks, log settings.
BOOKKEEPING_PACKAGES = {
    'addict', 'argparse', 'datetime', 'easydict', 'fvcore', 'lightning', 'lightning_fabric', 'ml_collections',
    'mmcv', 'mmengine', 'omegaconf', 'pathlib', 'pytorch_lightning', 'typing', 'yacs',
}  # fmt: skip
MAPPING_NAMES = {'AttributeDict', 'CfgNode', 'ConfigDict', 'EasyDict'}


class Mapping(Unread):
    """A dict class of another library comes back as an OrderedDict."""

    def __new__(cls, *_: object) -> OrderedDict:
        return OrderedDict()


class History(Unread):
    """MMEngine's log history, which a resumed run continues; :func:`finish` rebuilds it."""

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


def finish(content: object) -> object:
    """Replace the stand-ins in nested containers by what they stand for; dicts and lists in place."""
    return _finish(content, {})


def _finish(value: object, finished: dict[int, object]) -> object:
    """``finished`` keeps what lies at several places of a file from being walked through at each."""
    if id(value) in finished:
        return finished[id(value)]
    if isinstance(value, Array):
        return getattr(value, 'value', value)
    if isinstance(value, History):
        return _rebuild_history(value)
    if type(value) is tuple:
        finished[id(value)] = tuple(_finish(item, finished) for item in value)
        return finished[id(value)]
    if isinstance(value, dict | list):
        finished[id(value)] = value
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            value[key] = _finish(item, finished)
    return value


def _rebuild_history(history: History) -> object:
    from mmengine.logging import HistoryBuffer

    state = history.state or {}
    logs, counts = (_finish(state.get(name), {}) for name in ('_log_history', '_count_history'))
    if not isinstance(logs, np.ndarray) or not isinstance(counts, np.ndarray) or logs.shape != counts.shape:
        return history
    buffer = HistoryBuffer(logs, counts)
    if isinstance(state.get('max_length'), int):
        buffer.max_length = state['max_length']
    return buffer
