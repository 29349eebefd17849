"""What happens when other libraries look for modules that may be missing, or that classification does not need."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, version
from importlib.util import spec_from_loader
from types import ModuleType

from cft.compat.deferred_classes import DEFERRED, stand_in_for_class
from cft.compat.image_reading import READING_MODULES, serve_reading

OPERATORS = 'mmcv._ext'
# This module of mmpretrain offers one more layer to mmdet, and imports all of mmdet for it.
DETECTION_EXTRA = 'mmpretrain.models.utils.res_layer_extra_norm'
# Where mmpretrain decides whether its models of images with text are there, which are written for transformers 4.
OPTIONAL_PARTS = 'mmpretrain.utils.dependency'
# torchvision asks this part of PyTorch's compiler, as long to import as PyTorch itself, one question.
ROI_ALIGN, COMPILER_PART, QUESTION = 'torchvision.ops.roi_align', 'torch._dynamo.utils', 'is_compile_supported'


class _WrappedLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def __getattr__(self, name: str) -> object:
        return getattr(self.loader, name)


class _OperatorLoader(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        from cft.compat.mmcv_operators import serve_cuda

        self.loader.exec_module(module)
        serve_cuda(module)


class _StandInLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        from cft.compat.mmcv_operators import stand_in

        return stand_in(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


class _WithoutDetection(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        with _absent('mmdet'):
            self.loader.exec_module(module)


class _WithoutNewTransformers(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        if _major('transformers') >= 5:
            vars(module)['WITH_MULTIMODAL'] = False


class _ReadsAsTraining(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        serve_reading(module)


class _Deferring(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        stand_in_for_class(module, self.loader.exec_module)


class _LaterPart(ModuleType):
    """Has one function, which imports the module itself when it is called; any other name imports it at once."""

    def __getattr__(self, name: str) -> object:
        if name.startswith('__'):
            raise AttributeError(name)
        if name == QUESTION:
            return self._ask
        return getattr(self._whole(), name)

    def _ask(self, *args: object) -> object:
        return getattr(self._whole(), QUESTION)(*args)

    def _whole(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return import_module(self.__name__)


class _AsksCompilerLater(_WrappedLoader):
    def exec_module(self, module: ModuleType) -> None:
        if COMPILER_PART in sys.modules:
            self.loader.exec_module(module)
            return
        part = _LaterPart(COMPILER_PART)
        sys.modules[COMPILER_PART] = part
        try:
            self.loader.exec_module(module)
        finally:
            if sys.modules.get(COMPILER_PART) is part:
                del sys.modules[COMPILER_PART]


WRAPPERS: dict[str, type[_WrappedLoader]] = {
    OPERATORS: _OperatorLoader,
    DETECTION_EXTRA: _WithoutDetection,
    OPTIONAL_PARTS: _WithoutNewTransformers,
    ROI_ALIGN: _AsksCompilerLater,
    **dict.fromkeys(READING_MODULES, _ReadsAsTraining),
    **dict.fromkeys(DEFERRED, _Deferring),
}


def _major(package: str) -> int:
    """First number of the installed version; 0 without an installation."""
    try:
        return int(version(package).split('.')[0])
    except PackageNotFoundError:
        return 0


@contextlib.contextmanager
def _absent(package: str) -> Iterator[None]:
    """Importing the package fails as if it were not installed; one that is already imported stays."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # the mark that nothing is to be imported
    try:
        yield
    finally:
        del sys.modules[package]


class ModuleFinder(MetaPathFinder):
    """Serves mmcv's operators without compiling, keeps out what cannot be used, and lets inference read alike."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in WRAPPERS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec_from_loader(name, _StandInLoader()) if name == OPERATORS else None
        spec.loader = WRAPPERS[name](spec.loader)
        return spec


def install_finder() -> None:
    """Put the finder in front of Python's own, once, and serve those modules that were imported before."""
    if any(isinstance(finder, ModuleFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, ModuleFinder())
    for name, module in list(sys.modules.items()):
        # Where the operators were missing, mmdet defined a function in place of this one, which only fails.
        if name.startswith('mmdet.') and getattr(vars(module).get('batched_nms'), '__module__', None) == name:
            vars(module)['batched_nms'] = import_module('mmcv.ops').batched_nms
        if name in READING_MODULES:
            serve_reading(module)
