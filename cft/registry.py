"""Registries of ``cft``: children of MMEngine's, found under the scope ``cft``.

A config of any OpenMMLab library reaches a component as ``type='cft.Name'``.
The packages listed in ``locations`` are imported when the first such name is
looked up. The sides that need mmseg or mmdet are imported only when one of
their own names is, so that classification needs neither library.
"""

from importlib import import_module

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry

# Components that need mmseg or mmdet, by the module that registers them.
TASK_SIDES = {
    'cft.models.segmentation': ('ContrastiveEncoderDecoder', 'PixelSampler', 'ClassRegionMean'),
    'cft.models.detection': ('ContrastiveRoIHead', 'RoISampler', 'Res5ExtraNorm'),
    'cft.datasets.voc_segmentation': ('VOCSegmentation',),
    'cft.datasets.voc_detection': ('VOCDetection',),
    'cft.datasets.coco_detection': ('CocoDetection',),
    'cft.datasets.transforms.load_segmentation': ('LoadSegmentation',),
    'cft.evaluation.metrics.segmentation_iou': ('FWIoUMetric',),
}
SIDE_OF = {name: module for module, names in TASK_SIDES.items() for name in names}


class TaskRegistry(Registry):
    """A registry that imports the side of a task when one of its names is asked for."""

    def get(self, key: str) -> type | None:
        scope, name = self.split_scope_key(key)
        if scope in (None, self.scope) and name in SIDE_OF:
            import_module(SIDE_OF[name])
        return super().get(key)


MODELS = TaskRegistry('model', parent=MMENGINE_MODELS, scope='cft', locations=['cft.models'])
HOOKS = Registry('hook', parent=MMENGINE_HOOKS, scope='cft', locations=['cft.engine.hooks'])
LOOPS = Registry('loop', parent=MMENGINE_LOOPS, scope='cft', locations=['cft.engine.loops'])
DATASETS = TaskRegistry('dataset', parent=MMENGINE_DATASETS, scope='cft', locations=['cft.datasets'])
DATA_SAMPLERS = Registry('data sampler', parent=MMENGINE_DATA_SAMPLERS, scope='cft', locations=['cft.datasets'])
TRANSFORMS = TaskRegistry('transform', parent=MMENGINE_TRANSFORMS, scope='cft', locations=['cft.datasets.transforms'])
METRICS = TaskRegistry('metric', parent=MMENGINE_METRICS, scope='cft', locations=['cft.evaluation.metrics'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    scope='cft',
    locations=['cft.engine.optim_wrapper_constructor'],
)
