"""Registries of ``cft``: children of MMEngine's, found under the scope ``cft``.

A config of any OpenMMLab library reaches a component as ``type='cft.Name'``.
The packages listed in ``locations`` are imported when the first such name is
looked up. A module that its package does not import, because it needs a
library that others can do without (mmseg, mmdet), is imported when one of the
names that it registers is asked for: :func:`registering_modules` finds it. So
a new task is a folder in ``cft/models``, and nothing else names it.
"""

import ast
import functools
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import OPTIMIZERS as MMENGINE_OPTIMIZERS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISBACKENDS as MMENGINE_VISBACKENDS
from mmengine.registry import Registry


@functools.cache
def registering_modules(location: str) -> dict[str, str]:
    """Which module registers which name, read from the source without importing any.

    Args:
        location: A package, with all that is in it, or a module.

    Returns:
        Dotted name of the module by name of the component.

    Example:
        >>> registering_modules('cft.models.detection')['RoISampler']
        'cft.models.detection.roi_sampler'
    """
    spec = find_spec(location)
    if spec is None or spec.origin is None:
        return {}
    found = {}
    for folder in spec.submodule_search_locations or ():
        for path in sorted(Path(folder).rglob('*.py')):
            parts = path.relative_to(folder).with_suffix('').parts
            module = '.'.join([location, *(parts[:-1] if parts[-1] == '__init__' else parts)])
            found.update(dict.fromkeys(_registered_names(path), module))
    return found or dict.fromkeys(_registered_names(Path(spec.origin)), location)


def _registered_names(path: Path) -> Iterator[str]:
    """Names of the classes in a file that stand below ``@X.register_module(...)``."""
    text = path.read_text()
    # Most files register nothing, and parsing takes the longest.
    for node in ast.parse(text).body if 'register_module' in text else ():
        if not isinstance(node, ast.ClassDef | ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, 'attr', None) == 'register_module':
                given = [*decorator.args, *(keyword.value for keyword in decorator.keywords if keyword.arg == 'name')]
                names = ast.literal_eval(given[0]) if given else node.name
                yield from [names] if isinstance(names, str) else names


class LazyRegistry(Registry):
    """A registry that imports what its packages leave out when one of the names is asked for."""

    def get(self, key: str) -> type | None:
        scope, name = self.split_scope_key(key)
        if scope in (None, self.scope) and name not in self.module_dict:
            for location in self._locations:
                if name in registering_modules(location):
                    import_module(registering_modules(location)[name])
        return super().get(key)


MODELS = LazyRegistry('model', parent=MMENGINE_MODELS, scope='cft', locations=['cft.models'])
HOOKS = LazyRegistry(
    'hook', parent=MMENGINE_HOOKS, scope='cft', locations=['cft.engine.hooks', 'cft.engine.checkpointing']
)
LOOPS = LazyRegistry('loop', parent=MMENGINE_LOOPS, scope='cft', locations=['cft.engine.loops'])
DATASETS = LazyRegistry('dataset', parent=MMENGINE_DATASETS, scope='cft', locations=['cft.datasets'])
DATA_SAMPLERS = LazyRegistry('data sampler', parent=MMENGINE_DATA_SAMPLERS, scope='cft', locations=['cft.datasets'])
TRANSFORMS = LazyRegistry('transform', parent=MMENGINE_TRANSFORMS, scope='cft', locations=['cft.datasets.transforms'])
METRICS = LazyRegistry('metric', parent=MMENGINE_METRICS, scope='cft', locations=['cft.evaluation.metrics'])
OPTIMIZERS = LazyRegistry('optimizer', parent=MMENGINE_OPTIMIZERS, scope='cft', locations=['cft.engine.lars'])
OPTIM_WRAPPER_CONSTRUCTORS = LazyRegistry(
    'optimizer wrapper constructor',
    parent=MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    scope='cft',
    locations=['cft.engine.layer_decay', 'cft.engine.optim_wrapper_constructor'],
)
VISBACKENDS = LazyRegistry(
    'visualizer backend', parent=MMENGINE_VISBACKENDS, scope='cft', locations=['cft.engine.tracker_backends']
)
