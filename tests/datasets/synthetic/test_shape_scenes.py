"""draw_shapes: what is drawn is what it is called, and cannot be found by a shortcut."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from cft.datasets.synthetic import draw_shapes
from cft.datasets.synthetic.scene import draw_scene
from cft.errors import ConfigError
from tests.datasets.synthetic.synthetic_files import CLASSES, contents, labels, masks, names_of, picture, xml_objects


def class_by_geometry(mask: np.ndarray) -> str:
    """By how much of the circle around it and of its convex hull a shape fills."""
    contour = max(cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
    area = cv2.contourArea(contour)
    if area < 0.78 * cv2.contourArea(cv2.convexHull(contour)):
        return 'star'
    filled = area / (np.pi * cv2.minEnclosingCircle(contour)[1] ** 2)
    return 'circle' if filled > 0.78 else 'square' if filled > 0.52 else 'triangle'


def test_classes_by_their_geometry(shapes: Path) -> None:
    """Of objects that are large and hardly hidden, from the masks alone."""
    pairs = [
        (entry['name'], class_by_geometry(mask))
        for name in names_of(shapes)
        for entry, mask in zip(xml_objects(shapes, name), masks(shapes, name), strict=True)
        if not entry['truncated'] and mask.sum() > 150
    ]
    assert min(sum(name == true for true, _ in pairs) for name in CLASSES) > 15
    assert np.mean([true == found for true, found in pairs]) > 0.97


def test_numbers_and_sizes_of_objects(shapes: Path) -> None:
    """One to three, each number and each class often; diameters from 28 to 64 pixels, boxes no larger."""
    objects = [entries for entries in (xml_objects(shapes, name) for name in names_of(shapes)) if entries]
    assert (np.bincount([len(entries) for entries in objects], minlength=4)[1:] > 12).all()
    flat = [entry for entries in objects for entry in entries]
    assert min(np.unique([entry['name'] for entry in flat], return_counts=True)[1]) > 40
    sides = np.array([[entry['box'][2] - entry['box'][0] + 1, entry['box'][3] - entry['box'][1] + 1] for entry in flat])
    assert sides.max() <= 66 and sides.max() > 56 and np.median(sides) > 28
    assert 0.1 < np.mean([entry['truncated'] for entry in flat]) < 0.6


def test_circles_stay_visible(shapes: Path) -> None:
    """Of a circle the full area is known from any visible part of its rim: at least 60 % of it are in the mask."""
    parts = []
    for name in names_of(shapes):
        for entry, mask in zip(xml_objects(shapes, name), masks(shapes, name), strict=True):
            if entry['name'] == 'circle':
                radius = cv2.minEnclosingCircle(cv2.findNonZero(mask.astype(np.uint8)))[1]
                parts.append(mask.sum() / (np.pi * radius**2))
    assert min(parts) > 0.55
    assert min(parts) < 0.8, 'no overlap at all'


def test_colour_is_a_hint_and_no_more(shapes: Path) -> None:
    """Neighbours in colour are better than chance, and still wrong about some objects.

    A normal hue of deviation 14 lies nearer to another class's, 45 apart, for one object in nine.
    """
    colours, classes = [], []
    for name in names_of(shapes):
        image = picture(shapes, name)
        for entry, mask in zip(xml_objects(shapes, name), masks(shapes, name), strict=True):
            colours.append(image[mask].mean(axis=0))
            classes.append(entry['name'])
    assert 0.4 < cross_val_score(KNeighborsClassifier(7), colours, classes).mean() < 0.95
    hues = cv2.cvtColor(np.float32([colours]) / 255, cv2.COLOR_RGB2HSV)[0, :, 0] / 2
    nearest = [CLASSES[int(hue // 45) % 4] for hue in hues]
    assert 0.8 < np.mean([found == true for found, true in zip(nearest, classes, strict=True)]) < 0.96


def test_no_threshold_finds_the_objects(shapes: Path) -> None:
    """Even the best brightness threshold of each image, chosen with its mask, overlaps them badly."""
    overlaps = []
    for name in names_of(shapes)[:60]:
        numbers = labels(shapes, name, 'Class')
        truth = (numbers > 0) & (numbers < 255)
        grey = picture(shapes, name).mean(axis=2)
        if truth.any():
            guesses = [sign * grey > sign * level for level in range(5, 255, 10) for sign in (1, -1)]
            overlaps.append(max((guess & truth).sum() / (guess | truth).sum() for guess in guesses))
    assert np.mean(overlaps) < 0.7


def test_an_image_depends_on_seed_split_and_number_alone(shapes: Path, tmp_path: Path) -> None:
    """Fewer images are the first ones of more; another seed draws others."""
    np.random.seed(5)
    draw_shapes(tmp_path / 'few', num_train=9, num_val=2, num_test=1)
    few, many = contents(tmp_path / 'few'), contents(shapes)
    drawn = [name for name in few if name.split('/')[0] in ('JPEGImages', 'Annotations', 'SegmentationObject')]
    assert len(drawn) == 3 * 12
    assert all(few[name] == many[name] for name in drawn)
    draw_shapes(tmp_path / 'other', num_train=9, num_val=2, num_test=1, seed=1)
    other = contents(tmp_path / 'other')
    pictures = [name for name in drawn if name.startswith('JPEG')]
    assert not {few[name] for name in pictures} & {other[name] for name in pictures}
    assert len({few[name] for name in pictures}) == 12


def test_other_image_sizes(tmp_path: Path) -> None:
    """Objects grow with the image."""
    draw_shapes(tmp_path / 'large', num_train=20, num_val=1, num_test=1, size=256)
    boxes = np.array(
        [entry['box'] for name in names_of(tmp_path / 'large') for entry in xml_objects(tmp_path / 'large', name)]
    )
    assert picture(tmp_path / 'large', 'train_000000').shape == (256, 256, 3)
    assert 100 < (boxes[:, 2] - boxes[:, 0]).max() < 132


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('num_objects', [0, 1, 3])
def test_a_scene_has_the_objects_asked_for(seed: int, num_objects: int) -> None:
    """Also in the smallest picture, where four hardly find room."""
    scene = draw_scene(np.random.default_rng(seed), 64, num_objects)
    assert np.unique(scene.instances).tolist() == list(range(num_objects + 1))
    assert len(scene.classes) == len(scene.truncated) == num_objects
    assert scene.image.dtype == np.uint8


@pytest.mark.parametrize(
    ('argument', 'value'),
    [('num_train', 0), ('num_val', -1), ('num_test', 2.0), ('size', 63), ('seed', -1), ('seed', 'a'), ('seed', True)],
)
def test_numbers_out_of_range(tmp_path: Path, argument: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f'^{argument} must be an integer of at least .*, got {value!r}$'):
        draw_shapes(tmp_path / 'shapes', **{argument: value})
    assert not list(tmp_path.iterdir())
