"""A COCO annotation file as JSON, its ids made numbers and its images and categories checked."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# As many as OpenCV reads of an image file.
MOST_PIXELS = 2**30


@dataclass(frozen=True)
class CocoListing:
    """What a file lists.

    Args:
        images: Each once, with ``id``, ``file_name``, ``width`` and ``height``.
        annotations: As the file has them.
        categories: Names by id, in the file's order.
        repeated_images: Number of entries that say again what another one says.
        group: Name of a category without objects that all the others give as their ``supercategory``, if there is one.
    """

    images: list[dict]
    annotations: list[dict]
    categories: dict[int | str, str]
    repeated_images: int = 0
    group: str | None = None


def read_listing(path: str | Path) -> CocoListing:
    """Read a file as JSON, whatever its name ends with.

    Raises:
        ValueError: If it is no JSON, lacks a part or a field, or an id or a file name stands for two things.

    Example:
        >>> read_listing('annotations/instances_val2017.json').categories[1]  # doctest: +SKIP
        'person'
    """
    try:
        # UTF-16 and a byte-order mark are told by the bytes.
        content = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f'it is no JSON: {error}') from error
    if not isinstance(content, dict):
        raise ValueError(f'it holds a {type(content).__name__} instead of images, annotations and categories')
    # Lists of images to predict come without annotations.
    images, annotations, categories = (
        _entries(content, part, optional=part == 'annotations') for part in ('images', 'annotations', 'categories')
    )
    checked = [_image(entry, number) for number, entry in enumerate(images)]
    single = _without_repetitions(checked)
    names = _names(categories)
    return CocoListing(single, annotations, names, len(checked) - len(single), _group(categories, annotations))


def identity(value: object) -> int | str:
    """An id: a number, also where it is written as text or as 7.0; other text is itself.

    Raises:
        ValueError: If it is neither.

    Example:
        >>> identity('7'), identity(7.0), identity('7a')
        (7, 7, '7a')
    """
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip():
        text = value.strip()
        return int(text) if text.removeprefix('-').isdecimal() else text
    raise ValueError(f'{value!r} is no id')


def _entries(content: dict, part: str, optional: bool) -> list[dict]:
    if part not in content and not optional:
        raise ValueError(f'it has no {part!r}')
    entries = content.get(part) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f'its {part!r} are no list of entries with names and values')
    return entries


def _image(entry: dict, number: int) -> dict:
    try:
        name = entry['file_name']
        if not isinstance(name, str) or not name:
            raise ValueError(f'file_name is {name!r}')
        sides = {side: float(entry[side]) for side in ('width', 'height')}
        if not all(value >= 1 and value.is_integer() for value in sides.values()):
            raise ValueError('width and height must be whole numbers of pixels')
        if sides['width'] * sides['height'] > MOST_PIXELS:
            raise ValueError(f'more than {MOST_PIXELS} pixels; cut it into tiles')
        return {**entry, 'id': identity(entry['id']), **{side: int(value) for side, value in sides.items()}}
    except KeyError as error:
        raise ValueError(f'images[{number}] has no {error}') from error
    except (TypeError, ValueError) as error:
        raise ValueError(f'images[{number}], {entry.get("file_name")!r}: {error}') from error


def _without_repetitions(images: list[dict]) -> list[dict]:
    by_id: dict[int | str, dict] = {}
    for image in images:
        other = by_id.setdefault(image['id'], image)
        if any(other[key] != image[key] for key in ('file_name', 'width', 'height')):
            raise ValueError(
                f'the image id {image["id"]!r} stands for {other["file_name"]!r} and {image["file_name"]!r}; give each '
                'image an id of its own'
            )
    name, times = Counter(image['file_name'] for image in by_id.values()).most_common(1)[0] if by_id else ('', 0)
    if times > 1:
        raise ValueError(
            f'{name!r} is listed under {times} image ids, each with a part of its objects; list each image once'
        )
    if len({type(key) for key in by_id}) > 1:
        raise ValueError('some image ids are numbers and some are text; write numbers')
    return list(by_id.values())


def _names(categories: list[dict]) -> dict[int | str, str]:
    names: dict[int | str, str] = {}
    for number, entry in enumerate(categories):
        try:
            key, name = identity(entry['id']), entry['name']
        except KeyError as error:
            raise ValueError(f'categories[{number}] has no {error}') from error
        if not isinstance(name, str) or not name:
            raise ValueError(f'categories[{number}] has the name {name!r}')
        if key in names:
            raise ValueError(f'the category id {key!r} stands for {names[key]!r} and {name!r}; number them anew')
        names[key] = name
    repeated: list[Any] = [name for name, times in Counter(names.values()).items() if times > 1]
    if repeated:
        raise ValueError(f'the categories {repeated} have several ids each; merge them')
    return names


def _group(categories: list[dict], annotations: list[dict]) -> str | None:
    used = {str(annotation.get('category_id')) for annotation in annotations}
    groups = {entry['name'] for entry in categories if str(entry['id']) not in used}
    for name in groups:
        others = [entry for entry in categories if entry['name'] != name]
        if others and all(entry.get('supercategory') == name for entry in others):
            return name
    return None
