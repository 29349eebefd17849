"""What is imported, and what is registered, when a process starts; each test starts one."""

import json
import subprocess
import sys
from pathlib import Path

from cft.registry import TASK_SIDES

ROOT = Path(__file__).resolve().parents[1]

CLASSIFICATION = """
import sys
from cft.apis import build_runner, load_config

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
LATE = """
import mmpretrain.models
from mmdet.models.dense_heads import rpn_head

before = rpn_head.batched_nms.__module__
import cft
report(before=before, after=rpn_head.batched_nms.__module__)
"""
SIDES = """
import cft
import mmdet.models
import cft.datasets, cft.evaluation.metrics, cft.models
from importlib import import_module
from cft import registry

REGISTRIES = [value for value in vars(registry).values() if isinstance(value, registry.Registry)]


def registered_by(name):
    modules = [r.module_dict[name].__module__ for r in REGISTRIES if r.scope == 'cft' and name in r.module_dict]
    return modules[0] if modules else None


names = [name for names in registry.TASK_SIDES.values() for name in names]
report(too_early=[name for name in names if registered_by(name)])
for module, names in registry.TASK_SIDES.items():
    import_module(module)
    report(**{name: registered_by(name) for name in names})
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
    """Nor do they prevent importing it afterwards."""
    (supervised, self_supervised, later), _ = report_of(CLASSIFICATION, tmp_path)
    assert supervised == {'model': 'FineTuneClassifier', 'imported': []}
    assert self_supervised == {'model': 'SCE', 'imported': []}
    assert later == {'mmdet': 'ResNet'}


def test_segmentation_is_found_from_mmseg() -> None:
    """With nothing imported before but cft and the registry."""
    (found,), _ = report_of(TASK.format(library='mmseg', name='ContrastiveEncoderDecoder'))
    assert found == {'before': False, 'found': 'ContrastiveEncoderDecoder', 'base': 'mmseg'}


def test_detection_is_found_from_mmdet() -> None:
    """Classification may come afterwards, and then has the layer that it offers to detectors."""
    (found, later), _ = report_of(TASK.format(library='mmdet', name='ContrastiveRoIHead') + DETECTION_EXTRA)
    assert found == {'before': False, 'found': 'ContrastiveRoIHead', 'base': 'mmdet'}
    assert later == {'extra': True}


def test_detectors_that_were_imported_before_cft_find_the_operators() -> None:
    """Without them, mmdet has put a function that only fails in the place of NMS."""
    (found,), _ = report_of(LATE)
    assert found == {'before': 'mmdet.models.dense_heads.rpn_head', 'after': 'mmcv.ops.nms'}


def test_sides_are_registered_when_needed_and_by_the_module_named() -> None:
    """Detectors import without compiled operators, and silently."""
    (first, *sides), printed = report_of(SIDES)
    assert first == {'too_early': []}
    assert 'NMS' not in printed
    assert [set(side) for side in sides] == [set(names) for names in TASK_SIDES.values()]
    for module, side in zip(TASK_SIDES, sides, strict=True):
        for name, registered in side.items():
            assert registered is not None, name
            assert registered == module or registered.startswith(f'{module}.'), name
