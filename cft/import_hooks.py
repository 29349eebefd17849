"""What happens when other libraries look for modules that may be missing, or that classification does not need."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType

OPERATORS = 'mmcv._ext'
# This module of mmpretrain offers one more layer to mmdet, and imports all of mmdet for it.
DETECTION_EXTRA = 'mmpretrain.models.utils.res_layer_extra_norm'


class _WrappedLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def __getattr__(self, name: str) -> object:
        return getattr(self.loader, name)


class _OperatorLoader(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        from cft.ops.mmcv_extension import serve_cuda

        self.loader.exec_module(module)
        serve_cuda(module)


class _StandInLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        from cft.ops.mmcv_extension import stand_in

        return stand_in(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


class _WithoutDetection(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        with _absent('mmdet'):
            self.loader.exec_module(module)


@contextlib.contextmanager
def _absent(package: str) -> Iterator[None]:
    """Importing the package fails as if it were not installed; one that is already imported stays."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None
    try:
        yield
    finally:
        del sys.modules[package]


class ModuleFinder(MetaPathFinder):
    """Serves mmcv's operators without compiling, and keeps mmdet out of classification."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in (OPERATORS, DETECTION_EXTRA):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None:
            return spec_from_loader(name, _StandInLoader()) if name == OPERATORS else None
        spec.loader = (_OperatorLoader if name == OPERATORS else _WithoutDetection)(spec.loader)
        return spec


def install() -> None:
    """Put the finder in front of Python's own, once, and serve those modules of mmdet that were imported before."""
    if any(isinstance(finder, ModuleFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, ModuleFinder())
    for name, module in list(sys.modules.items()):
        # Where the operators were missing, mmdet defined a function in place of this one, which only fails.
        if name.startswith('mmdet.') and getattr(vars(module).get('batched_nms'), '__module__', None) == name:
            module.batched_nms = import_module('mmcv.ops').batched_nms
