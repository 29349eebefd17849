"""Contact sheets of the drawn data sets, made from the files that were written."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

COLUMNS, ROWS = 6, 4
CELL = 256
GAP = 4
COLOURS = ((255, 80, 80), (80, 220, 80), (90, 140, 255), (255, 210, 40))


def save_shapes_preview(folder: Path) -> None:
    """``preview.png``: the first training images with masks, boxes and class names laid over them.

    Args:
        folder: Of :func:`cft.datasets.synthetic.draw_shapes`.
    """
    content = json.loads((folder / 'annotations' / 'instances_train.json').read_text())
    names = {category['id']: category['name'] for category in content['categories']}
    cells = []
    for image in content['images'][: COLUMNS * ROWS]:
        objects = [entry for entry in content['annotations'] if entry['image_id'] == image['id']]
        cells.append(_overlay(folder, Path(image['file_name']).stem, objects, names))
    _save(folder, _sheet(cells, COLUMNS))


def save_domains_preview(folder: Path, domains: list[str]) -> None:
    """``preview.png``: a row per domain, a column per class.

    Args:
        folder: Of :func:`cft.datasets.synthetic.draw_digit_domains`.
        domains: Names of its domains.
    """
    side = 64
    cells = []
    for domain in domains:
        cells.append(_text(domain, 2 * side, side))
        for class_folder in sorted((folder / domain).iterdir()):
            picture = np.asarray(Image.open(min(class_folder.iterdir())))
            cells.append(cv2.resize(picture, (side, side), interpolation=cv2.INTER_NEAREST))
    columns = len(cells) // len(domains)
    _save(folder, _sheet(cells, columns))


def _overlay(folder: Path, name: str, objects: list[dict], names: dict[int, str]) -> np.ndarray:
    image = np.asarray(Image.open(folder / 'JPEGImages' / f'{name}.jpg'))
    instances = np.asarray(Image.open(folder / 'SegmentationObject' / f'{name}.png'))
    scale = CELL / len(image)
    interpolation = cv2.INTER_NEAREST if scale >= 1 else cv2.INTER_AREA
    canvas = cv2.resize(image, (CELL, CELL), interpolation=interpolation)
    enlarged = cv2.resize(instances, (CELL, CELL), interpolation=cv2.INTER_NEAREST)
    for number, entry in enumerate(objects, start=1):
        colour = COLOURS[entry['category_id'] - 1]
        # Only its outline: a tint could make an object look like the background.
        mask = (enlarged == number).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, contours, -1, colour, thickness=2)
        x, y, width, height = (round(scale * value) for value in entry['bbox'])
        cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), colour)
        # Above the box, or in it where the picture ends.
        baseline = y - 4 if y >= 16 else y + 12
        # A black edge first, since the background has any colour.
        for ink, thickness in (((0, 0, 0), 3), (colour, 1)):
            _write(canvas, names[entry['category_id']], (x + 2, baseline), ink, thickness)
    return canvas


def _text(text: str, width: int, height: int) -> np.ndarray:
    cell = np.full((height, width, 3), 255, np.uint8)
    _write(cell, text, (2, height // 2 + 4), (0, 0, 0), 1)
    return cell


def _write(canvas: np.ndarray, text: str, place: tuple[int, int], colour: Sequence[float], thickness: int) -> None:
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, thickness, cv2.LINE_AA)


def _sheet(cells: list[np.ndarray], columns: int) -> np.ndarray:
    """Cells in rows of ``columns``; cells of a column are of one size."""
    framed = [np.pad(cell, ((0, GAP), (0, GAP), (0, 0)), constant_values=255) for cell in cells]
    framed += [np.full_like(framed[0], 255)] * (-len(framed) % columns)
    rows = [np.concatenate(framed[start : start + columns], axis=1) for start in range(0, len(framed), columns)]
    return np.concatenate(rows)


def _save(folder: Path, sheet: np.ndarray) -> None:
    Image.fromarray(sheet).save(folder / 'preview.png')
