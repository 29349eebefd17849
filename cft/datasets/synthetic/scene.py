"""One picture of shapes and the mask of each."""

from dataclasses import dataclass

import cv2
import numpy as np

from .texture import add_noise, random_colour, textured_background

SHAPES = ('circle', 'square', 'triangle', 'star')
MAX_OBJECTS = 3
VISIBLE_PART = 0.6
# Diameters of the circumscribed circle: 28 to 64 pixels in a picture of 128.
SMALLEST, LARGEST = 28 / 128, 64 / 128
SUBPIXEL_BITS = 8
# Width of a ring, stripe or field: 5 pixels in a picture of 128.
MARK = 5 / 128
# In OpenCV's half degrees; a circle of 180 for four classes.
HUE_STEP, HUE_DEVIATION = 45, 14


@dataclass(frozen=True)
class Scene:
    """A picture and its objects.

    Attributes:
        image: (S, S, 3) uint8 RGB.
        instances: (S, S) uint8, 0 for background, i for the i-th object (from 1).
        classes: Index into :data:`SHAPES` of each object.
        truncated: Whether more than a twentieth of each object is hidden or outside.
    """

    image: np.ndarray
    instances: np.ndarray
    classes: tuple[int, ...]
    truncated: tuple[bool, ...]


def draw_scene(rng: np.random.Generator, size: int, num_objects: int) -> Scene:
    """Draw shapes over a textured background with distracting lines.

    Of every object at least 60 % is visible: neither outside the picture nor
    behind a later object. Outline and surface tell the class: circles have
    rings, squares a chequered and triangles a striped surface, stars a plain
    one. The hue is a hint that neighbouring classes share in part.

    Args:
        rng: Source of everything random.
        size: Side S of the picture in pixels.
        num_objects: Number of objects; 0 draws the background alone.

    Example:
        >>> draw_scene(np.random.default_rng(0), size=128, num_objects=2).image.shape
        (128, 128, 3)
    """
    canvas = textured_background(rng, size)
    _draw_lines(rng, canvas)
    instances: np.ndarray = np.zeros((size, size), np.uint8)
    classes: list[int] = []
    areas: list[int] = []
    while len(classes) < num_objects:
        label = int(rng.integers(len(SHAPES)))
        coverage, marks, area = _draw_shape(rng, SHAPES[label], size)
        mask = coverage >= 0.5
        proposed = np.where(mask, len(classes) + 1, instances).astype(np.uint8)
        if not mask.any() or np.any(_visible(proposed, [*areas, area]) < VISIBLE_PART):
            continue
        hue = HUE_STEP * (label + 0.5) + rng.normal(0, HUE_DEVIATION)
        colour = random_colour(rng, (100, 256), (130, 256), hue)
        # Against what it covers, other objects included.
        if np.linalg.norm(canvas[mask] - colour, axis=1).mean() < 90:
            continue
        surface = np.where(marks[..., None], 0.3 * colour, colour)
        canvas += coverage[..., None] * (surface - canvas)
        instances = proposed
        classes.append(label)
        areas.append(area)
    truncated = tuple(bool(part < 0.95) for part in _visible(instances, areas))
    return Scene(add_noise(rng, canvas, deviation=8), instances, tuple(classes), truncated)


def outline(shape: str) -> np.ndarray:
    """(V, 2) corners on the unit circle; a star's inner corners lie at 0.45."""
    corners = {'circle': 72, 'square': 4, 'triangle': 3, 'star': 10}[shape]
    angles = np.arange(corners) * (2 * np.pi / corners)
    radii = np.where(np.arange(corners) % 2 == 1, 0.45, 1.0) if shape == 'star' else np.ones(corners)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def surface_marks(shape: str, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Which points of a shape's surface are dark; coordinates from its centre, in widths of a mark."""
    if shape == 'circle':
        return np.floor(np.hypot(across, along)) % 2 == 1
    if shape == 'square':
        return (np.floor(across) + np.floor(along)) % 2 == 1
    if shape == 'triangle':
        return np.floor(across) % 2 == 1
    return np.zeros(across.shape, bool)


def _draw_shape(rng: np.random.Generator, shape: str, size: int) -> tuple[np.ndarray, np.ndarray, int]:
    """A shape at a random place.

    Returns:
        (S, S) coverage in [0, 1], (S, S) boolean marks of its surface, and its
        area in pixels inside and outside the picture.
    """
    radius = rng.uniform(SMALLEST, LARGEST) * size / 2
    angle = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    margin = int(np.ceil(LARGEST * size / 2)) + 1
    centre = rng.uniform(0, size, 2)
    points = outline(shape) @ rotation.T * radius + centre + margin
    padded = np.zeros((size + 2 * margin, size + 2 * margin), np.uint8)
    fixed_point = np.round(points * 2**SUBPIXEL_BITS).astype(np.int32)
    cv2.fillPoly(padded, [fixed_point], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    coverage = padded.astype(np.float32) / 255
    rows, columns = np.mgrid[:size, :size]
    turned = (np.stack([columns, rows], axis=-1) - centre) @ rotation / (MARK * size)
    marks = surface_marks(shape, turned[..., 0], turned[..., 1])
    return coverage[margin:-margin, margin:-margin], marks, int((coverage >= 0.5).sum())


def _draw_lines(rng: np.random.Generator, canvas: np.ndarray) -> None:
    """Thin lines across the picture, which are nobody's object."""
    for _ in range(rng.integers(2, 6)):
        start, end = (tuple(map(int, rng.integers(0, len(canvas), 2))) for _ in range(2))
        colour = tuple(map(float, random_colour(rng, (60, 256), (60, 256))))
        cv2.line(canvas, start, end, colour, int(rng.integers(1, 3)))


def _visible(instances: np.ndarray, areas: list[int]) -> np.ndarray:
    """Visible part of each object."""
    pixels = np.bincount(instances.ravel(), minlength=len(areas) + 1)[1:]
    return pixels / np.array(areas)
