"""What is imported, and what is registered, when a process starts; each test starts one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Components that need mmseg or mmdet, by the module or package that registers them.
TASK_SIDES = {
    'cft.models.segmentation': ('ContrastiveEncoderDecoder', 'PixelSampler', 'ClassRegionMean'),
    'cft.models.detection': ('ContrastiveRoIHead', 'RoISampler', 'Res5ExtraNorm'),
    'cft.datasets.voc_segmentation': ('VOCSegmentation',),
    'cft.datasets.voc_detection': ('VOCDetection',),
    'cft.datasets.coco_detection': ('CocoDetection',),
    'cft.datasets.folder_detection': ('FolderDetection',),
    'cft.datasets.transforms.load_segmentation': ('LoadSegmentation',),
    'cft.evaluation.metrics.segmentation_iou': ('FWIoUMetric',),
    'cft.evaluation.metrics.coco': ('CocoMetric',),
}

CLASSIFICATION = """
import sys
from cft.apis import build_runner, load_config

report(slow=[n for n in ('scipy.stats', 'sklearn', 'matplotlib', 'pandas', 'timm') if n in sys.modules])
for name in ('ce', 'sce'):
    cfg = load_config(f'configs/quickstart/{name}_digits.py')
    cfg.work_dir, cfg.experiment_name = sys.argv[1], name
    runner = build_runner(cfg)
    for part in ('train', 'val', 'test'):
        if cfg.get(f'{part}_dataloader'):
            settings = cfg[f'{part}_dataloader'] | {'num_workers': 0, 'persistent_workers': False}
            next(iter(runner.build_dataloader(settings)))
    report(model=type(runner.model).__name__, imported=[n for n in ('mmseg', 'mmdet') if n in sys.modules])

import mmdet.models
report(mmdet=mmdet.models.ResNet.__name__)
"""
TASK = """
import sys
import cft
from {library}.registry import MODELS

before = '{library}.models' in sys.modules
component = MODELS.get('cft.{name}')
report(before=before, found=component.__name__, base=component.__mro__[2].__module__.split('.')[0])
"""
DETECTION_EXTRA = """
import mmpretrain.models
report(extra=MODELS.get('ResLayerExtraNorm') is not None)
"""
BESIDE_TRANSFORMERS = """
import sys
from importlib.metadata import version

sys.path.insert(0, sys.argv[1])
import cft.models
from mmpretrain.registry import MODELS

names = sorted(name for name in sys.modules if name.startswith('mmpretrain.models.multimodal.'))
report(version=version('transformers'), image_models='ImageClassifier' in MODELS, with_text=bool(names))
"""
LATE = """
import mmpretrain.models
from mmdet.models.dense_heads import rpn_head

before = rpn_head.batched_nms.__module__
import cft
report(before=before, after=rpn_head.batched_nms.__module__)
"""
SIDES = """
import sys
import cft
import mmdet.models
import cft.datasets, cft.evaluation.metrics, cft.models
from cft import registry

REGISTRIES = [value for value in vars(registry).values() if isinstance(value, registry.Registry)]


def registered_by(name):
    modules = [r.module_dict[name].__module__ for r in REGISTRIES if r.scope == 'cft' and name in r.module_dict]
    return modules[0] if modules else None


names = sys.argv[1:]
report(too_early=[name for name in names if registered_by(name)])
for name in names:
    found = [r.get(f'cft.{name}') for r in REGISTRIES if r.scope == 'cft']
    report(name=name, found=any(found), module=registered_by(name))
"""


def report_of(program: str, *arguments: object) -> tuple[list[dict], str]:
    """What the program reports, and all that it prints."""
    preamble = "import json\n\n\ndef report(**facts):\n    print('report', json.dumps(facts))\n"
    process = subprocess.run(
        [sys.executable, '-c', preamble + program, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert process.returncode == 0, process.stderr
    lines = [line.removeprefix('report ') for line in process.stdout.splitlines() if line.startswith('report ')]
    return [json.loads(line) for line in lines], process.stdout + process.stderr


def test_classification_and_pre_training_import_no_other_task(tmp_path: Path) -> None:
    """Nor do they prevent importing it afterwards; and a run does not wait for what few need."""
    (at_start, supervised, self_supervised, later), _ = report_of(CLASSIFICATION, tmp_path)
    assert at_start == {'slow': []}
    assert supervised == {'model': 'FineTuneClassifier', 'imported': []}
    assert self_supervised == {'model': 'SCE', 'imported': []}
    assert later == {'mmdet': 'ResNet'}


@pytest.mark.slow
def test_segmentation_is_found_from_mmseg() -> None:
    """With nothing imported before but cft and the registry."""
    (found,), _ = report_of(TASK.format(library='mmseg', name='ContrastiveEncoderDecoder'))
    assert found == {'before': False, 'found': 'ContrastiveEncoderDecoder', 'base': 'mmseg'}


@pytest.mark.slow
def test_detection_is_found_from_mmdet() -> None:
    """Classification may come afterwards, and then has the layer that it offers to detectors."""
    (found, later), _ = report_of(TASK.format(library='mmdet', name='ContrastiveRoIHead') + DETECTION_EXTRA)
    assert found == {'before': False, 'found': 'ContrastiveRoIHead', 'base': 'mmdet'}
    assert later == {'extra': True}


def test_beside_transformers_5(tmp_path: Path) -> None:
    """mmpretrain's models of images with text, which no config of ours uses, know version 4 only."""
    information = tmp_path / 'transformers-5.24.0.dist-info'
    for folder in (information, tmp_path / 'transformers'):
        folder.mkdir()
    (information / 'METADATA').write_text('Metadata-Version: 2.1\nName: transformers\nVersion: 5.24.0\n')
    (tmp_path / 'transformers' / '__init__.py').write_text('')
    (found,), _ = report_of(BESIDE_TRANSFORMERS, tmp_path)
    assert found == {'version': '5.24.0', 'image_models': True, 'with_text': False}


@pytest.mark.slow
def test_detectors_that_were_imported_before_cft_find_the_operators() -> None:
    """Without them, mmdet has put a function that only fails in the place of NMS."""
    (found,), _ = report_of(LATE)
    assert found == {'before': 'mmdet.models.dense_heads.rpn_head', 'after': 'mmcv.ops.nms'}


@pytest.mark.slow
def test_sides_are_registered_when_needed_and_by_the_module_named() -> None:
    """Detectors import without compiled operators, and silently."""
    side_of = {name: module for module, names in TASK_SIDES.items() for name in names}
    (first, *sides), printed = report_of(SIDES, *side_of)
    assert first == {'too_early': []}
    assert 'NMS' not in printed and 'faster_coco_eval' not in printed
    assert [side['name'] for side in sides] == list(side_of)
    for side in sides:
        module = side_of[side['name']]
        assert side['found'], side
        assert side['module'] == module or side['module'].startswith(f'{module}.'), side
