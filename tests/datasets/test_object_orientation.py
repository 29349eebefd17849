"""Objects of stored pixels lie on the same pixels after the image was turned."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image, ImageOps
from pycocotools import mask as rle

from cft.datasets.coco_detection import CocoDetection
from cft.datasets.object_orientation import orient_samples
from cft.errors import ConfigError
from tests.datasets.test_orientation import write_turned

SIZE = (12, 8)
# x1, y1, x2, y2 of an L: a box without its lower right corner.
BOX, CORNER = (2, 1, 9, 6), (5, 3)


def drawn() -> np.ndarray:
    mask = np.zeros(SIZE[::-1], np.uint8)
    x1, y1, x2, y2 = BOX
    mask[y1:y2, x1:x2] = 1
    mask[CORNER[1] : y2, CORNER[0] : x2] = 0
    return mask


def segmentations() -> dict:
    (x1, y1, x2, y2), (x, y) = BOX, CORNER
    packed = rle.encode(np.asfortranarray(drawn()))
    flat = drawn().ravel(order='F')
    changes = np.flatnonzero(np.diff(flat, prepend=0))
    runs = np.diff([0, *changes, flat.size]).tolist()
    return {
        'polygon': [[x1, y1, x2, y1, x2, y, x, y, x, y2, x1, y2]],
        'packed': {'size': packed['size'], 'counts': packed['counts'].decode()},
        'runs': {'size': list(SIZE[::-1]), 'counts': runs},
    }


def samples_of(kind: str, root: Path, width: int, height: int) -> list[dict]:
    instance = {'bbox': list(BOX), 'mask': segmentations()[kind]}
    return [{'img_path': str(root / 'a.png'), 'img_id': 5, 'width': width, 'height': height, 'instances': [instance]}]


def mask_of(segmentation: dict | list, height: int, width: int) -> np.ndarray:
    if isinstance(segmentation, list):
        return rle.decode(rle.merge(rle.frPyObjects(segmentation, height, width)))
    return rle.decode(segmentation)


@pytest.mark.parametrize('kind', ['polygon', 'packed', 'runs'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_objects_turn_with_the_image(orientation: int, kind: str, tmp_path: Path) -> None:
    path = write_turned(tmp_path / 'a.png', orientation, drawn())
    with Image.open(path) as image:
        shown = np.array(ImageOps.exif_transpose(image))
    samples = samples_of(kind, tmp_path, *SIZE)
    orient_samples(samples, 'train.json', frame='stored')
    (instance,) = samples[0]['instances']
    assert (samples[0]['height'], samples[0]['width']) == shown.shape
    if orientation > 1:
        assert np.array_equal(mask_of(instance['mask'], *shown.shape), shown)
    else:
        assert instance['mask'] == segmentations()[kind]
    rows, columns = np.nonzero(shown)
    assert instance['bbox'] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_sizes_tell_and_are_checked(tmp_path: Path) -> None:
    write_turned(tmp_path / 'a.png', 6, drawn())
    x1, y1, x2, y2 = BOX
    shown, stored = (samples_of('polygon', tmp_path, *size) for size in ((8, 12), (12, 8)))
    orient_samples(shown, 'train.json')
    assert shown == samples_of('polygon', tmp_path, 8, 12)
    orient_samples(stored, 'train.json')
    assert stored[0]['instances'][0]['bbox'] == [8 - y2, x1, 8 - y1, x2]
    with pytest.raises(
        ConfigError, match=r'^train\.json \(image 5\) is for an image of 24 x 16 pixels, .*a\.png has 8'
    ):
        orient_samples(samples_of('polygon', tmp_path, 24, 16), 'train.json')


def test_coco_detection_turns_its_objects(tmp_path: Path) -> None:
    """Image, box and mask as the pipeline gives them to a detector."""
    write_turned(tmp_path / 'a.jpg', 6, np.repeat(drawn()[..., None] * np.uint8(250), 3, axis=2))
    x1, y1, x2, y2 = BOX
    annotation = {'bbox': [x1, y1, x2 - x1, y2 - y1], 'segmentation': segmentations()['polygon'], 'area': 20}
    content = {
        'images': [{'id': 5, 'file_name': 'a.jpg', 'width': SIZE[0], 'height': SIZE[1]}],
        'annotations': [{'id': 1, 'image_id': 5, 'category_id': 1, 'iscrowd': 0, **annotation}],
        'categories': [{'id': 1, 'name': 'L'}],
    }
    (tmp_path / 'train.json').write_text(json.dumps(content))
    load = [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations', 'with_bbox': True, 'with_mask': True}]
    settings = {'ann_file': 'train.json', 'metainfo': {'classes': ('L',)}, 'pipeline': load}
    with DefaultScope.overwrite_default_scope('mmdet'):
        sample = CocoDetection(data_root=str(tmp_path), data_prefix={'img': ''}, **settings)[0]
    mask = sample['gt_masks'].to_ndarray()[0] == 1
    assert sample['img'].shape[:2] == mask.shape == SIZE
    # Its pixels are bright, up to the compression at its edges.
    assert sample['img'][mask].mean() > 200
    assert sample['img'][~mask].mean() < 50
    rows, columns = np.nonzero(mask)
    assert sample['gt_bboxes'].tensor[0].tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
