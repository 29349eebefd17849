"""Classes for sharded training that MMEngine makes at import, made when one of them is used.

Their bases in PyTorch (``torch.distributed.fsdp``, ``torch.distributed.optim``)
take as long to import as the rest of MMEngine, and few runs shard anything.
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

# The module that defines it, its name, and the registry of MMEngine that has it.
DEFERRED = {
    'mmengine.optim.optimizer.zero_optimizer': ('ZeroRedundancyOptimizer', 'OPTIMIZERS'),
    'mmengine.model.wrappers.fully_sharded_distributed': ('MMFullyShardedDataParallel', 'MODEL_WRAPPERS'),
    'mmengine._strategy.fsdp': ('FSDPStrategy', 'STRATEGIES'),
}


class Deferred(type):
    """Type of a stand-in: what makes an instance, a subclass or asks for an attribute has the class itself."""

    _load: Callable[[], type]
    _made: type | None

    def __new__(mcs, name: str, bases: tuple[type, ...], content: dict[str, Any]) -> type:
        """A stand-in; a subclass of one is a subclass of its class."""
        if not bases:
            return super().__new__(mcs, name, bases, content)
        actual = tuple(own_class(base) for base in bases)
        return type(actual[0])(name, actual, content)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """An instance of the class."""
        return own_class(cls)(*args, **kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return getattr(own_class(cls), name)

    def __instancecheck__(cls, instance: object) -> bool:
        # While nobody has made the class, there are no instances.
        return cls._made is not None and isinstance(instance, cls._made)

    def __subclasscheck__(cls, other: type) -> bool:
        return other is cls or (cls._made is not None and issubclass(other, cls._made))


def own_class(cls: type) -> type:
    """The class for which a stand-in stands; any other is its own.

    Example:
        >>> own_class(int)
        <class 'int'>
    """
    if not isinstance(cls, Deferred):
        return cls
    if cls._made is None:
        cls._made = cls._load()
    return cls._made


def stand_in_for_class(module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
    """Fill a module with a stand-in for its class, and register that.

    Args:
        module: One of :data:`DEFERRED`.
        execute: Fills it with what it is.
    """
    class_name, registry = DEFERRED[module.__name__]
    known = getattr(import_module('mmengine.registry'), registry)

    def load() -> type:
        # The class takes the place that it has here.
        known.module_dict.pop(class_name, None)
        execute(module)
        return vars(module)[class_name]

    stand_in = Deferred(class_name, (), {'__module__': module.__name__, '_load': staticmethod(load), '_made': None})
    known.register_module(name=class_name, module=stand_in)
    vars(module)[class_name] = stand_in
