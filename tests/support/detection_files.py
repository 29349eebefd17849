"""One detection data set in the files of five kinds of labels, each written by plain loops."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cft.datasets.synthetic import draw_shapes

SPLITS = {'train': 8, 'val': 2, 'test': 2}
CLASSES = ['circle', 'square', 'star', 'triangle']


class Thing(NamedTuple):
    """An object: its class, its box x1, y1, x2, y2 in pixels, and an outline that fills the box."""

    label: str
    box: tuple[int, int, int, int]

    @property
    def outline(self) -> list[tuple[float, float]]:
        x1, y1, x2, y2 = self.box
        return [((x1 + x2) / 2, y1), (x2, (y1 + y2) / 2), ((x1 + x2) / 2, y2), (x1, (y1 + y2) / 2)]


class Picture(NamedTuple):
    """An image file with what it shows."""

    file: Path
    things: list[Thing]
    side: int = 64

    @property
    def stem(self) -> str:
        return self.file.stem


Pictures = dict[str, list[Picture]]


def drawn_pictures(root: Path) -> Pictures:
    """Of the shapes that cft draws, as their COCO files say; one training image is without an object."""
    draw_shapes(root, **{f'num_{split}': number for split, number in SPLITS.items()}, size=64)
    pictures: Pictures = {}
    for split in SPLITS:
        content = json.loads((root / 'annotations' / f'instances_{split}.json').read_text())
        names = {entry['id']: entry['name'] for entry in content['categories']}
        pictures[split] = []
        for image in content['images']:
            things = []
            for entry in content['annotations']:
                if entry['image_id'] == image['id']:
                    x, y, w, h = entry['bbox']
                    things.append(Thing(names[entry['category_id']], (x, y, x + w, y + h)))
            pictures[split].append(Picture(root / 'JPEGImages' / image['file_name'], things))
    return pictures


def put(file: Path, content: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def copy_image(picture: Picture, folder: Path) -> None:
    put(folder / picture.file.name, picture.file.read_bytes())


def write_coco(root: Path, pictures: Pictures, outlines: bool = False) -> None:
    for split, some in pictures.items():
        content: dict = {'images': [], 'annotations': [], 'categories': []}
        for number, name in enumerate(CLASSES):
            content['categories'].append({'id': 10 + number, 'name': name})
        for number, picture in enumerate(some):
            copy_image(picture, root / 'images')
            content['images'].append(
                {'id': number, 'file_name': picture.file.name, 'width': picture.side, 'height': picture.side}
            )
            for thing in picture.things:
                x1, y1, x2, y2 = thing.box
                entry = {
                    'id': len(content['annotations']),
                    'image_id': number,
                    'category_id': 10 + CLASSES.index(thing.label),
                    'bbox': [x1, y1, x2 - x1, y2 - y1],
                }
                if outlines:
                    entry['segmentation'] = [[value for point in thing.outline for value in point]]
                content['annotations'].append(entry)
        put(root / 'annotations' / f'{split}.json', json.dumps(content))


def write_voc(root: Path, pictures: Pictures, outlines: bool = False) -> None:
    assert not outlines
    for split, some in pictures.items():
        put(root / f'ImageSets/Main/{split}.txt', ''.join(f'{picture.stem}\n' for picture in some))
        for picture in some:
            copy_image(picture, root / 'JPEGImages')
            text = f'<annotation><size><width>{picture.side}</width><height>{picture.side}</height></size>'
            for thing in picture.things:
                x1, y1, x2, y2 = thing.box
                text += f'<object><name>{thing.label}</name><bndbox><xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin>'
                text += f'<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>'
            put(root / f'Annotations/{picture.stem}.xml', text + '</annotation>')


def yolo_lines(picture: Picture, outlines: bool = False) -> str:
    text = ''
    for thing in picture.things:
        x1, y1, x2, y2 = (value / picture.side for value in thing.box)
        values = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
        if outlines:
            values = [value / picture.side for point in thing.outline for value in point]
        text += f'{CLASSES.index(thing.label)} {" ".join(map(repr, values))}\n'
    return text


def write_yolo(root: Path, pictures: Pictures, outlines: bool = False) -> None:
    text = 'path: .\n'
    for split, some in pictures.items():
        text += f'{split}: images/{split}\n'
        for picture in some:
            copy_image(picture, root / 'images' / split)
            put(root / 'labels' / split / f'{picture.stem}.txt', yolo_lines(picture, outlines))
    put(root / 'data.yaml', text + 'names:\n' + ''.join(f'  {i}: {name}\n' for i, name in enumerate(CLASSES)))


def write_cvat(root: Path, pictures: Pictures, outlines: bool = False) -> None:
    text = '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version><meta><project><labels>'
    for name in CLASSES:
        text += f'<label><name>{name}</name><color>#ff0000</color><type>any</type><attributes></attributes></label>'
    text += '</labels></project></meta>'
    number = 0
    for split, some in pictures.items():
        for picture in some:
            copy_image(picture, root / 'images' / split)
            text += f'<image id="{number}" name="{picture.file.name}" subset="{split}" width="{picture.side}" '
            text += f'height="{picture.side}">'
            for thing in picture.things:
                x1, y1, x2, y2 = thing.box
                points = ';'.join(f'{x:.2f},{y:.2f}' for x, y in thing.outline)
                place = f'xtl="{x1:.2f}" ytl="{y1:.2f}" xbr="{x2:.2f}" ybr="{y2:.2f}"'
                kind, place = ('polygon', f'points="{points}"') if outlines else ('box', place)
                text += f'<{kind} label="{thing.label}" source="manual" occluded="0" {place} z_order="0"></{kind}>'
            text += '</image>'
            number += 1
    put(root / 'annotations.xml', text + '</annotations>')


def write_labelme(root: Path, pictures: Pictures, outlines: bool = False) -> None:
    for split, some in pictures.items():
        for picture in some:
            copy_image(picture, root / split)
            shapes = []
            for thing in picture.things:
                x1, y1, x2, y2 = thing.box
                # Drawn from the lower right corner.
                points = [list(point) for point in thing.outline] if outlines else [[x2, y2], [x1, y1]]
                kind = 'polygon' if outlines else 'rectangle'
                shapes.append(
                    {'label': thing.label, 'points': points, 'group_id': None, 'shape_type': kind, 'flags': {}}
                )
            content = {
                'version': '5.5.0',
                'flags': {},
                'shapes': shapes,
                'imagePath': picture.file.name,
                'imageData': None,
                'imageHeight': picture.side,
                'imageWidth': picture.side,
            }
            put(root / split / f'{picture.stem}.json', json.dumps(content))


WRITERS: dict[str, Callable[[Path, Pictures, bool], None]] = {
    'coco': write_coco,
    'voc': write_voc,
    'yolo': write_yolo,
    'cvat': write_cvat,
    'labelme': write_labelme,
}
CONVERTED: Sequence[str] = ('cvat', 'labelme')
