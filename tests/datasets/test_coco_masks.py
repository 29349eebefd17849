"""Instance masks: every form that converters write is drawn alike, what cannot be drawn is refused with the reason."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope
from pycocotools import mask as coco_mask

from cft.datasets.coco_masks import check_mask, decode_run_lengths
from cft.errors import ConfigError
from tests.datasets.voc_folder import write_image

WIDTH, HEIGHT = 60, 40
BOX = (5, 10, 30, 20)
POLYGON = [5, 10, 30, 10, 30, 20, 5, 20]
PIXELS = np.zeros((HEIGHT, WIDTH), np.uint8)
PIXELS[10:20, 5:30] = 1


def encoded(mask: np.ndarray) -> dict:
    found = coco_mask.encode(np.asfortranarray(mask))
    return {'size': list(mask.shape), 'counts': found['counts'].decode()}


def run_lengths(mask: np.ndarray) -> list[int]:
    """Column by column, one pixel after the other."""
    runs, last = [0], 0
    for value in mask.ravel(order='F'):
        if value != last:
            runs.append(0)
            last = value
        runs[-1] += 1
    return runs


RUNS = {'size': [HEIGHT, WIDTH], 'counts': run_lengths(PIXELS)}
GOOD = {
    'polygon': [POLYGON],
    'polygon without the outer list': POLYGON,
    'points in lists': [[5, 10], [30, 10], [30, 20], [5, 20]],
    'polygon of points in lists': [[[5, 10], [30, 10], [30, 20], [5, 20]]],
    'text': [[str(value) for value in POLYGON]],
    'fractions of pixels': [[value + 0.25 for value in POLYGON]],
    'two polygons': [[5, 10, 15, 10, 15, 20, 5, 20], [15, 10, 30, 10, 30, 20, 15, 20]],
    'a polygon and two points': [POLYGON, [7, 12, 9, 14]],
    'run lengths': RUNS,
    'run lengths as text': encoded(PIXELS),
}


@pytest.mark.parametrize('kind', GOOD)
def test_every_form_is_drawn_alike(tmp_path: Path, kind: str) -> None:
    """Through mmdet's own transform, as the configs load masks."""
    sample = load(tmp_path, GOOD[kind])
    assert sample['gt_ignore_flags'].tolist() == [False]
    np.testing.assert_array_equal(sample['gt_masks'].masks[0], PIXELS)


def load(folder: Path, *segmentations: object, with_mask: bool = True, **settings: object) -> dict:
    write_image(folder / 'a.jpg', (WIDTH, HEIGHT))
    x1, y1, x2, y2 = BOX
    annotation = {'image_id': 1, 'category_id': 1, 'bbox': [x1, y1, x2 - x1, y2 - y1], 'area': 250, 'iscrowd': 0}
    annotations = [
        annotation | {'id': number} | ({} if value == 'missing' else {'segmentation': value})
        for number, value in enumerate(segmentations)
    ]
    images = [{'id': 1, 'file_name': 'a.jpg', 'width': WIDTH, 'height': HEIGHT}]
    content = {'images': images, 'annotations': annotations, 'categories': [{'id': 1, 'name': 'cat'}]}
    (folder / 'train.json').write_text(json.dumps(content))
    annotated = {'type': 'LoadAnnotations', 'with_bbox': True, 'with_mask': with_mask, **settings}
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = DATASETS.build({
            'type': 'cft.CocoDetection', 'data_root': str(folder), 'ann_file': 'train.json', 'data_prefix': {'img': ''},
            'metainfo': {'classes': ('cat',)}, 'pipeline': [{'type': 'LoadImageFromFile'}, annotated],
        })  # fmt: skip
        return dataset[0]


BAD = {
    'missing': ('missing', 'no points'),
    'none': (None, 'no points'),
    'empty': ([], 'no points'),
    'empty dict': ({}, 'no points'),
    'empty polygon': ([[]], 'less than three points'),
    'two points': ([[5, 10, 30, 20]], 'less than three points'),
    'odd': ([[5, 10, 30, 10, 30, 20, 5]], 'an odd number of coordinates'),
    'three dimensions': ([[[5, 10, 1], [30, 10, 1], [30, 20, 1]]], 'no pairs of coordinates'),
    'words': ([['a', 'b', 'c', 'd', 'e', 'f']], 'no numbers'),
    'nothing between': ([[5, 10, None, 10, 30, 20]], 'no numbers'),
    'lists between': ([[5, 10, [30], 10, 30, 20]], 'no numbers'),
    'text': ('abc', 'another form'),
    'number': (5, 'another form'),
    'numbers and polygons': ([POLYGON, 5], 'another form'),
    'far': ([[1e9, 1e9, -1e9, 1, 5, 5]], 'far outside'),
    'huge': ([[1e300, 1, 5, 1, 5, 5]], 'far outside'),
    'huge whole number': ([[10**400, 1, 5.5, 1, 5, 5]], 'not finite'),
    'infinite': ([[float('inf'), 1, 5, 1, 5, 5]], 'not finite'),
    'not a number': ([[5, 10, float('nan'), 10, 30, 20]], 'not finite'),
    'infinite as text': ([['inf', '1', '5', '1', '5', '5']], 'not finite'),
    'both infinities': ([[float('inf'), 1, float('-inf'), 1, 5, 5]], 'not finite'),
    'line': ([[5, 10, 30, 10, 17, 10]], 'no area'),
    'fractions': ([[0.1, 0.2, 0.5, 0.2, 0.5, 0.5]], 'fractions'),
    'beside': ([[40, 30, 50, 30, 50, 38]], 'beside its box'),
    'other size': (encoded(np.ones((80, 120), np.uint8)), 'another size'),
    'huge size': ({'size': [100000, 100000], 'counts': [0, 10**10]}, 'another size'),
    'no size': ({'counts': RUNS['counts']}, 'another size'),
    'size as text': ({'size': '4060', 'counts': RUNS['counts']}, 'another size'),
    'no counts': ({'size': [HEIGHT, WIDTH]}, 'no whole numbers'),
    'counts of words': ({'size': [HEIGHT, WIDTH], 'counts': ['a']}, 'no whole numbers'),
    'empty counts': ({'size': [HEIGHT, WIDTH], 'counts': []}, 'no whole numbers'),
    'too short': ({'size': [HEIGHT, WIDTH], 'counts': RUNS['counts'][:-1]}, 'do not fill'),
    'too long': ({'size': [HEIGHT, WIDTH], 'counts': [*RUNS['counts'], 10**9]}, 'do not fill'),
    'negative': ({'size': [HEIGHT, WIDTH], 'counts': [-5, 10, HEIGHT * WIDTH - 5]}, 'do not fill'),
    'background': ({'size': [HEIGHT, WIDTH], 'counts': [HEIGHT * WIDTH]}, 'no area'),
    'text cut off': ({'size': [HEIGHT, WIDTH], 'counts': encoded(PIXELS)['counts'][:-2]}, 'run lengths'),
    'text within a number': ({'size': [HEIGHT, WIDTH], 'counts': encoded(PIXELS)['counts'] + 'Q'}, 'damaged text'),
    'other characters': ({'size': [HEIGHT, WIDTH], 'counts': 'hello world'}, 'damaged text'),
    'beyond ASCII': ({'size': [HEIGHT, WIDTH], 'counts': 'ä?'}, 'damaged text'),
    'endless number': ({'size': [HEIGHT, WIDTH], 'counts': 'o' * 40 + '0'}, 'damaged text'),
    'empty text': ({'size': [HEIGHT, WIDTH], 'counts': ''}, 'damaged text'),
}


@pytest.mark.parametrize('kind', BAD)
def test_what_cannot_be_drawn_is_refused(kind: str) -> None:
    segmentation, reason = BAD[kind]
    with pytest.raises(ValueError, match=reason):
        check_mask(None if segmentation == 'missing' else segmentation, BOX, WIDTH, HEIGHT)


def test_objects_without_a_mask_are_ignored_and_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Their places are like crowds', with the boxes as masks; where masks are not loaded, nothing is wrong."""
    bad = [segmentation for segmentation, _ in BAD.values()]
    sample = load(tmp_path, [POLYGON], *bad)
    assert sample['gt_ignore_flags'].tolist() == [False] + [True] * len(bad)
    for mask in sample['gt_masks'].masks:
        np.testing.assert_array_equal(mask, PIXELS)
    out = capsys.readouterr().out
    assert f'of {len(bad) + 1} annotations: {len(bad)} objects ignored like crowds: ' in out and out.count('\n') == 1
    assert all(reason in out for _, reason in BAD.values())
    assert not load(tmp_path, *bad, with_mask=False)['gt_ignore_flags'].any()
    assert capsys.readouterr().out == ''


def test_a_file_without_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='none of its 2 annotations .*: 2 whose mask has no .* without masks$'):
        load(tmp_path, None, [])


def test_polygons_are_cut_off_at_the_edge() -> None:
    """Up to the image's own size outside; pycocotools draws what is inside."""
    polygon = [-20, -10, 30, -10, 30, 20, -20, 20]
    (checked,) = check_mask([polygon], (0, 0, 30, 20), WIDTH, HEIGHT)
    drawn = coco_mask.decode(coco_mask.frPyObjects([checked], HEIGHT, WIDTH))[:, :, 0]
    expected = np.zeros_like(PIXELS)
    expected[:20, :30] = 1
    np.testing.assert_array_equal(drawn, expected)
    with pytest.raises(ValueError, match='far outside'):
        check_mask([[-61, -10, 30, -10, 30, 20, -20, 20]], (0, 0, 30, 20), WIDTH, HEIGHT)


def test_kept_polygons_cannot_be_run_lengths(tmp_path: Path) -> None:
    """mmdet would ignore each of these objects."""
    assert load(tmp_path, [POLYGON], poly2mask=False)['gt_masks'].masks[0][0].tolist() == POLYGON
    with pytest.raises(ConfigError, match=r'1 of 2 masks are run lengths, .*leave poly2mask out'):
        load(tmp_path, [POLYGON], RUNS, poly2mask=False)


@pytest.mark.parametrize('density', [0, 0.02, 0.5, 0.98, 1])
def test_text_of_run_lengths(density: float) -> None:
    """Against pycocotools' writer and a count of pixels one by one."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        mask = (rng.random(rng.integers(1, 60, 2)) < density).astype(np.uint8)
        mask[: rng.integers(0, len(mask) + 1)] = 0
        assert decode_run_lengths(encoded(mask)['counts']) == run_lengths(mask)


def test_text_of_long_runs() -> None:
    """Numbers of one to five characters, of both signs."""
    for area in (1, 15, 16, 500, 511, 512, 20_000, 2**20, 2**24):
        for before, after in ((0, 3), (7, 2**24), (2**24, 1)):
            runs = [before, area, after, 5, 2]
            found = coco_mask.frPyObjects({'size': [1, sum(runs)], 'counts': runs}, 1, sum(runs))
            assert decode_run_lengths(found['counts'].decode()) == runs


def test_any_text_is_drawn_or_refused() -> None:
    """What is let through is what pycocotools draws, with as many pixels as the runs say."""
    rng = np.random.default_rng(0)
    good, drawn = encoded(PIXELS)['counts'], 0
    for _ in range(3000):
        text = list(good)
        for _ in range(rng.integers(1, 3)):
            text[rng.integers(len(text))] = chr(rng.integers(32, 127))
        mask = {'size': [HEIGHT, WIDTH], 'counts': ''.join(text)}
        try:
            checked = check_mask(mask, BOX, WIDTH, HEIGHT)
        except ValueError:
            continue
        drawn += 1
        assert coco_mask.decode(checked).sum() == sum(decode_run_lengths(mask['counts'])[1::2])
    assert drawn > 10
