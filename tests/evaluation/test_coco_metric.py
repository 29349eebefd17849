"""cft.CocoMetric against mmdet's own on a file without defects, on files with every defect that the reading mends."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoMetric as MMDetCocoMetric
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope

from cft.apis import load_config
from cft.engine.coco_evaluators import check_coco_evaluators
from cft.errors import ConfigError
from cft.evaluation.metrics.coco import CocoMetric
from tests.datasets.voc_folder import write_image

CLASSES = ('cat', 'dog', 'owl')
SIZE = 160
META = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances')
PIPELINE = [
    {'type': 'LoadImageFromFile'},
    {'type': 'LoadAnnotations', 'with_bbox': True, 'with_mask': True},
    {'type': 'PackDetInputs', 'meta_keys': META},
]


def content() -> dict:
    """Objects of all of COCO's sizes, one of them a crowd; the area is that of the mask, a lozenge in its box."""
    rng = np.random.default_rng(0)
    annotations = []
    for number in range(24):
        side = (12, 50, 140)[number % 3]
        x, y = (int(value) for value in rng.integers(0, SIZE - side, 2))
        half = side // 2
        annotations.append({
            'id': number + 1, 'image_id': number % 4 + 1, 'category_id': number // 4 % 3 + 1,
            'iscrowd': int(number == 7),
            'bbox': [x, y, side, side], 'area': side * half,
            'segmentation': [[x + half, y, x + side, y + half, x + half, y + side, x, y + half]],
        })  # fmt: skip
    images = [{'id': i, 'file_name': f'{i}.png', 'width': SIZE, 'height': SIZE} for i in range(1, 5)]
    return {
        'images': images,
        'annotations': annotations,
        'categories': [{'id': i, 'name': name} for i, name in enumerate(CLASSES, start=1)],
    }


def each(part: str, **changes: object) -> dict:
    changed = content()
    for entry in changed[part]:
        entry.update({name: change(entry[name]) for name, change in changes.items()})
    return changed


def without(name: str) -> dict:
    changed = content()
    for annotation in changed['annotations']:
        if not annotation['iscrowd']:
            del annotation[name]
    return changed


def more(**fields: object) -> dict:
    changed = content()
    changed['annotations'].append(changed['annotations'][0] | {'id': 99} | fields)
    return changed


def shifted() -> dict:
    changed = each('annotations', category_id=lambda key: key - 1)
    for category in changed['categories']:
        category['id'] -= 1
    return changed


DEFECTS = {
    'none': content(),
    'ids from 0': each('annotations', id=lambda key: key - 1),
    'equal ids': each('annotations', id=lambda key: 1),
    'ids as text': each('annotations', id=str, image_id=str, category_id=str),
    'no iscrowd': without('iscrowd'),
    'categories from 0': shifted(),
    'of a removed image': more(image_id=17),
    'of a removed category': more(category_id=17),
    'without area': more(bbox=[3, 3, 0, 9]),
    'listed again': more(id=1),
}


def samples(folder: Path, described: dict, predict: str = 'perfectly') -> tuple[list[dict], dict]:
    """What a runner hands to its evaluators."""
    for image in described['images']:
        if not (folder / image['file_name']).exists():
            write_image(folder / image['file_name'], (SIZE, SIZE))
    (folder / 'test.json').write_text(json.dumps(described))
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = DATASETS.build({
            'type': 'cft.CocoDetection', 'data_root': str(folder), 'ann_file': 'test.json', 'data_prefix': {'img': ''},
            'metainfo': {'classes': CLASSES}, 'pipeline': PIPELINE, 'test_mode': True,
        })  # fmt: skip
        found = [dataset[index]['data_samples'] for index in range(len(dataset))]
    rng = np.random.default_rng(1)
    for sample in found:
        truth = sample.gt_instances
        boxes = truth.bboxes.tensor if hasattr(truth.bboxes, 'tensor') else truth.bboxes
        masks = torch.from_numpy(truth.masks.to_ndarray()).bool()
        scores = torch.from_numpy(rng.uniform(0.3, 1, len(boxes)))
        labels = truth.labels
        if predict == 'badly':
            boxes = boxes + torch.from_numpy(rng.normal(0, 4, boxes.shape)).float()
            masks = torch.roll(masks, 3, 2)
            labels = torch.where(torch.from_numpy(rng.random(len(labels)) < 0.2), (labels + 1) % 3, labels)
        sample.pred_instances = type(truth)(bboxes=boxes, scores=scores, labels=labels, masks=masks)
    return [sample.to_dict() for sample in found], dataset.metainfo


def measure(metric: MMDetCocoMetric, predicted: list[dict], metainfo: dict) -> dict[str, float]:
    metric.dataset_meta = metainfo
    metric.process({}, copy.deepcopy(predicted))
    return metric.evaluate(size=len(predicted))


@pytest.mark.parametrize('kind', DEFECTS)
def test_a_perfect_prediction_is_perfect(tmp_path: Path, kind: str) -> None:
    predicted, metainfo = samples(tmp_path, DEFECTS[kind])
    found = measure(CocoMetric(metric=['bbox', 'segm']), predicted, metainfo)
    assert len(found) == 12 and set(found.values()) == {1.0}


@pytest.mark.slow
def test_as_mmdet_measures_the_file(tmp_path: Path) -> None:
    """Of imperfect predictions, by size of the objects; mmdet reads the file without any."""
    predicted, metainfo = samples(tmp_path, content(), 'badly')
    expected = measure(MMDetCocoMetric(str(tmp_path / 'test.json'), metric=['bbox', 'segm']), predicted, metainfo)
    assert 0.05 < expected['coco/bbox_mAP'] < 0.95 and len(set(expected.values())) > 8
    for kind in ('none', 'ids from 0', 'ids as text', 'categories from 0', 'without area'):
        predicted, metainfo = samples(tmp_path, DEFECTS[kind], 'badly')
        assert measure(CocoMetric(metric=['bbox', 'segm']), predicted, metainfo) == expected


def test_an_id_of_0_costs_a_hit_in_the_file(tmp_path: Path) -> None:
    """What happens without it, and that a second evaluation is like the first."""
    predicted, metainfo = samples(tmp_path, DEFECTS['ids from 0'])
    raw = measure(MMDetCocoMetric(str(tmp_path / 'test.json')), predicted, metainfo)
    assert raw['coco/bbox_mAP'] < 0.95
    metric = CocoMetric()
    assert measure(metric, predicted, metainfo) == measure(metric, predicted, metainfo)


@pytest.mark.parametrize('masks', [None, [], [[1, 1, 5, 5]], 'text'])
def test_objects_without_a_mask_are_neither_found_nor_missed(tmp_path: Path, masks: object) -> None:
    described = content()
    described['annotations'][2]['segmentation'] = masks
    predicted, metainfo = samples(tmp_path, described)
    found = measure(CocoMetric(metric=['bbox', 'segm']), predicted, metainfo)
    assert set(found.values()) == {1.0}


def test_ann_file_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"ann_file='a\.json' is not needed.*remove it"):
        CocoMetric(ann_file='a.json')


def test_samples_without_their_objects(tmp_path: Path) -> None:
    predicted, metainfo = samples(tmp_path, content())
    for sample in predicted:
        del sample['instances']
    with pytest.raises(ConfigError, match="add 'instances' to the meta_keys of PackDetInputs"):
        measure(CocoMetric(), predicted, metainfo)


def test_masks_that_were_not_loaded(tmp_path: Path) -> None:
    predicted, metainfo = samples(tmp_path, content())
    for sample in predicted:
        for entry in sample['instances']:
            del entry['mask']
    assert measure(CocoMetric(), predicted, metainfo)['coco/bbox_mAP'] == 1
    with pytest.raises(ConfigError, match='needs masks; write .*with_mask=True'):
        measure(CocoMetric(metric='segm'), predicted, metainfo)


def test_without_objects_there_is_no_figure(tmp_path: Path) -> None:
    predicted, metainfo = samples(tmp_path, content())
    for sample in predicted:
        sample['instances'] = []
    with pytest.raises(ConfigError, match='hold no object, hence there is no average precision'):
        measure(CocoMetric(), predicted, metainfo)


EVALUATORS = {
    'the raw file': (
        {'type': 'CocoMetric', 'ann_file': 'a.json'},
        "would read ann_file unchecked; write type='cft.Coco",
    ),
    'by its scope': ({'type': 'mmdet.CocoMetric', 'ann_file': 'a.json'}, 'would read ann_file unchecked'),
    'ours with a file': ({'type': 'cft.CocoMetric', 'ann_file': 'a.json'}, 'remove ann_file'),
    'in a list': ([{'type': 'CocoMetric', 'ann_file': 'a.json'}], r'test_evaluator\[0\]'),
}


@pytest.mark.parametrize('kind', EVALUATORS)
@pytest.mark.parametrize('wrapped', [False, True])
def test_configs_that_evaluate_something_else(kind: str, wrapped: bool) -> None:
    """Before anything is trained."""
    evaluator, message = EVALUATORS[kind]
    cfg = load_config('ce/r50_coco_det')
    check_coco_evaluators(cfg._cfg_dict)
    if wrapped:
        cfg.test_dataloader.dataset = {'type': 'ConcatDataset', 'datasets': [cfg.test_dataloader.dataset]}
    cfg.test_evaluator = evaluator
    with pytest.raises(ConfigError, match=message):
        check_coco_evaluators(cfg._cfg_dict)


def test_configs_whose_samples_lack_their_objects() -> None:
    cfg = load_config('ce/r50_coco_det')
    cfg.test_dataloader.dataset.pipeline[-1].meta_keys = META[:-1]
    with pytest.raises(ConfigError, match="test_dataloader: .*add 'instances' to the meta_keys"):
        check_coco_evaluators(cfg._cfg_dict)
