"""OpenMMLab's own dataset classes, and pycocotools, read the drawn shapes."""

from pathlib import Path

import numpy as np
import pytest

from tests.datasets.synthetic.synthetic_files import (
    CLASSES,
    EMPTY,
    NUMBERS,
    coco,
    labels,
    masks,
    names_of,
    picture,
    xml_objects,
)

PALETTE = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]]


@pytest.fixture(scope='module')
def segmentation(shapes: Path):
    """mmseg's base dataset with its usual loading transforms."""
    from mmengine.registry import DefaultScope
    from mmseg.datasets import BaseSegDataset

    with DefaultScope.overwrite_default_scope('mmseg'):
        return BaseSegDataset(
            ann_file='ImageSets/Segmentation/train.txt',
            data_root=str(shapes),
            data_prefix={'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'},
            metainfo={'classes': ('background', *CLASSES), 'palette': PALETTE},
            pipeline=[{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations'}],
        )


def detection(shapes: Path, kind: str, split: str = 'train', **options: object):
    """mmdet's VOCDataset or CocoDataset."""
    from mmdet import datasets
    from mmengine.registry import DefaultScope

    files = {'VOCDataset': f'ImageSets/Main/{split}.txt', 'CocoDataset': f'annotations/instances_{split}.json'}
    prefixes = {'VOCDataset': {'sub_data_root': ''}, 'CocoDataset': {'img': 'JPEGImages/'}}
    load = {'type': 'LoadAnnotations', 'with_bbox': True, 'with_mask': kind == 'CocoDataset'}
    with DefaultScope.overwrite_default_scope('mmdet'):
        return getattr(datasets, kind)(
            ann_file=files[kind],
            data_root=str(shapes),
            data_prefix=prefixes[kind],
            metainfo={'classes': CLASSES},
            pipeline=[{'type': 'LoadImageFromFile'}, load],
            **options,
        )


def test_mmseg_reads_pictures_and_classes(shapes: Path, segmentation) -> None:
    """Indices, not colours, with void as 255, which mmseg ignores by default."""
    assert len(segmentation) == NUMBERS['train']
    for index, name in enumerate(names_of(shapes)):
        loaded = segmentation[index]
        assert np.array_equal(loaded['gt_seg_map'], labels(shapes, name, 'Class'))
        assert loaded['img'].shape == (128, 128, 3)
    values = np.unique([segmentation[index]['gt_seg_map'] for index in range(len(segmentation))])
    assert values.tolist() == [0, 1, 2, 3, 4, 255]


def test_mmdet_reads_voc(shapes: Path) -> None:
    """Corners of the boxes counted from 0."""
    dataset = detection(shapes, 'VOCDataset')
    assert len(dataset) == NUMBERS['train']
    for index, name in enumerate(names_of(shapes)):
        info = dataset.get_data_info(index)
        expected = [(np.array(entry['box']) - 1).tolist() for entry in xml_objects(shapes, name)]
        assert [instance['bbox'] for instance in info['instances']] == expected
        classes = [CLASSES[instance['bbox_label']] for instance in info['instances']]
        assert classes == [entry['name'] for entry in xml_objects(shapes, name)]


@pytest.mark.parametrize('split', NUMBERS)
def test_mmdet_reads_coco(shapes: Path, split: str) -> None:
    """Boxes that end after the last pixel, and the mask of each object."""
    dataset = detection(shapes, 'CocoDataset', split)
    names = names_of(shapes, split)
    assert len(dataset) == len(names)
    for index, name in enumerate(names):
        loaded = dataset[index]
        boxes = [np.array(entry['box']) - [1, 1, 0, 0] for entry in xml_objects(shapes, name)]
        assert np.array_equal(loaded['gt_bboxes'].tensor.numpy(), np.reshape(boxes, (-1, 4)))
        classes = [CLASSES[label] for label in loaded['gt_bboxes_labels']]
        assert classes == [entry['name'] for entry in xml_objects(shapes, name)]
        assert np.array_equal(loaded['gt_masks'].masks, np.reshape(masks(shapes, name), (-1, 128, 128)))
        assert not loaded['gt_ignore_flags'].any()
        assert np.array_equal(loaded['img'][..., ::-1], picture(shapes, name))


@pytest.mark.parametrize('kind', ['VOCDataset', 'CocoDataset'])
def test_mmdet_keeps_or_leaves_out_empty_images(shapes: Path, kind: str) -> None:
    """As its own option says."""
    kept = detection(shapes, kind)
    empty = [index for index in range(len(kept)) if not kept.get_data_info(index)['instances']]
    assert empty == [int(name.split('_')[1]) for name in EMPTY]
    assert len(kept[empty[0]]['gt_bboxes']) == 0
    filtered = detection(shapes, kind, filter_cfg={'filter_empty_gt': True})
    assert len(filtered) == len(kept) - len(EMPTY)


def test_pycocotools_agrees(shapes: Path) -> None:
    """Its masks, areas and boxes are those of the file."""
    pytest.importorskip('pycocotools')
    from pycocotools import mask as codec
    from pycocotools.coco import COCO

    reader = COCO(shapes / 'annotations' / 'instances_train.json')
    assert sorted(reader.imgs) == [image['id'] for image in coco(shapes)['images']]
    assert len(reader.anns) == len(coco(shapes)['annotations'])
    for entry in reader.anns.values():
        encoded = reader.annToRLE(entry)
        assert codec.area(encoded) == entry['area'] == reader.annToMask(entry).sum()
        assert codec.toBbox(encoded).tolist() == entry['bbox']
