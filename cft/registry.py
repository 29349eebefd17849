"""Registries of ``cft``: children of MMEngine's, found under the scope ``cft``.

A config of any OpenMMLab library reaches a component as ``type='cft.Name'``.
The packages listed in ``locations`` are imported when the first such name is
looked up, so classification never imports the segmentation or detection side.
"""

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry

MODELS = Registry('model', parent=MMENGINE_MODELS, scope='cft', locations=['cft.models'])
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='cft', locations=['cft.engine.hooks'])
DATASETS = Registry('dataset', parent=MMENGINE_DATASETS, scope='cft', locations=['cft.datasets'])
DATA_SAMPLERS = Registry('data sampler', parent=MMENGINE_DATA_SAMPLERS, scope='cft', locations=['cft.datasets'])
TRANSFORMS = Registry('transform', parent=MMENGINE_TRANSFORMS, scope='cft', locations=['cft.datasets.transforms'])
