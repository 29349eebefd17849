"""The objects of COCO's annotations: what is used, and what is not, with the reason."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from cft.datasets.box_checks import fit_box
from cft.datasets.coco_listing import CocoListing, identity
from cft.datasets.coco_masks import check_mask

# Slips of single annotations are left out; what is wrong more often than that is a mistake of the whole file.
MOST_SLIPS = 1e-3


@dataclass
class CocoObjects:
    """Objects by image, as mmdet takes them, and the numbers of annotations that are not taken as written.

    Args:
        by_image: Lists of dicts by image id: ``bbox`` (x1, y1, x2, y2 in pixels), ``bbox_label`` (an index into the
            classes), ``ignore_flag``, ``area`` (in pixels) and, where masks are needed, ``mask``.
        unused: Annotations that are left out, by reason.
        clipped: Boxes that stuck out of their image by more than a pixel.
        without_mask: Objects whose mask cannot be used, by reason.
    """

    by_image: defaultdict[int | str, list[dict]] = field(default_factory=lambda: defaultdict(list))
    unused: Counter[str] = field(default_factory=Counter)
    clipped: int = 0
    without_mask: Counter[str] = field(default_factory=Counter)

    def remarks(self) -> list[str]:
        """What a user should know, in words; nothing if everything is taken as written.

        Example:
            >>> CocoObjects(unused=Counter({'without area': 2}), clipped=1).remarks()
            ['2 annotations unused: 2 without area', '1 boxes cut off at the edge of their image']
        """
        unused, unmasked = self.unused.total(), self.without_mask.total()
        return [
            *([f'{unused} annotations unused: {_listed(self.unused)}'] if unused else []),
            *([f'{self.clipped} boxes cut off at the edge of their image'] if self.clipped else []),
            *([f'{unmasked} objects ignored like crowds: {_listed(self.without_mask)}'] if unmasked else []),
        ]


def collect_objects(
    listing: CocoListing, classes: Sequence[str], least_side: float = 0, with_masks: bool = False
) -> CocoObjects:
    """Check every annotation, and take what can be used.

    An object with a box but without a usable mask, where masks are needed, is
    neither trained on nor counted, like a crowd: ``ignore_flag`` is 1, and its
    mask is its box.

    Args:
        listing: Of the file.
        classes: Names of the classes in use.
        least_side: Boxes that are narrower or lower are left out, in pixels.
        with_masks: Whether masks are needed.

    Raises:
        ValueError: If an annotation lacks a field or has an impossible value,
            category ids are not counted as the file's categories are, more than
            one of a thousand boxes cannot be meant as written, no annotation
            is of use, or masks are needed and there is none.

    Example:
        >>> image, cat = dict(id=1, file_name='a.jpg', width=20, height=10), dict(image_id='1', category_id=4)
        >>> listing = CocoListing([image], [{**cat, 'bbox': [2, 2, 9, 5]}, {**cat, 'bbox': [2, 2, 0, 5]}], {4: 'cat'})
        >>> objects = collect_objects(listing, ['cat'])
        >>> objects.by_image[1], objects.remarks()
        ([{'bbox': [2.0, 2.0, 11.0, 7.0], 'bbox_label': 0, 'ignore_flag': 0, 'area': 45.0}], \
['1 annotations unused: 1 without area'])
    """
    labels = {key: list(classes).index(name) for key, name in listing.categories.items() if name in classes}
    images = {image['id']: image for image in listing.images}
    found, slips = CocoObjects(), []
    seen: dict[object, dict] = {}
    categories: set[int | str] = set()
    for number, annotation in enumerate(listing.annotations):
        name = f'annotation {annotation.get("id", number)!r}'
        image_id, category, (x, y, width, height), ignored = _read(annotation, name)
        categories.add(category)
        if image_id not in images:
            found.unused['of images that the file does not list'] += 1
            continue
        if category not in labels:
            known = category in listing.categories
            reason = 'of classes that are not in metainfo.classes' if known else 'of categories that it does not list'
            found.unused[reason] += 1
            continue
        # Merged files number alike what is not the same; nothing here depends on these ids.
        first = seen.setdefault(_key(annotation, number), annotation)
        if first is not annotation and first == annotation:
            found.unused['that repeat another one'] += 1
            continue
        if width == 0 or height == 0:
            found.unused['without area'] += 1
            continue
        image = images[image_id]
        try:
            box, clipped = _box(x, y, width, height, image)
        except ValueError as error:
            slips.append(f'{name} in {image["file_name"]!r}, {error}')
            continue
        if min(box[2] - box[0], box[3] - box[1]) < least_side:
            found.unused[f'smaller than {least_side:g} pixel'] += 1
            continue
        found.clipped += clipped
        entry = {'bbox': box, 'bbox_label': labels[category], 'ignore_flag': ignored, 'area': _area(annotation, box)}
        if with_masks:
            try:
                entry['mask'] = check_mask(annotation.get('segmentation'), box, image['width'], image['height'])
            except ValueError as error:
                entry |= {'ignore_flag': 1, 'mask': box_as_mask(box)}
                if not ignored:
                    found.without_mask[f'whose mask has {error}'] += 1
        found.by_image[image_id].append(entry)
    _check_numbering(categories, listing)
    _check_amounts(found, slips, len(listing.annotations))
    return found


def box_as_mask(box: Sequence[float]) -> list[list[float]]:
    """A box as a polygon.

    Example:
        >>> box_as_mask((0, 0, 4, 2))
        [[0, 0, 4, 0, 4, 2, 0, 2]]
    """
    x1, y1, x2, y2 = box
    return [[x1, y1, x2, y1, x2, y2, x1, y2]]


def _read(annotation: dict, name: str) -> tuple[int | str, int | str, list[float], int]:
    try:
        box = annotation['bbox']
        if not isinstance(box, list) or len(box) != 4:
            raise ValueError('bbox is not [x, y, width, height]')
        crowd = _flag(annotation, 'iscrowd') or _flag(annotation, 'ignore')
        return identity(annotation['image_id']), identity(annotation['category_id']), _numbers(box), crowd
    except KeyError as error:
        raise ValueError(f'{name} has no {error}') from error
    except (TypeError, ValueError) as error:
        raise ValueError(f'{name}: {error}') from error


def _numbers(box: list) -> list[float]:
    try:
        return [float(value) for value in box]
    except OverflowError:
        return [math.inf] * len(box)


def _flag(annotation: dict, key: str) -> int:
    value = annotation.get(key)
    if value in (0, 1, '0', '1', None):
        return int(value or 0)
    raise ValueError(f'{key} is {value!r}; write 0 or 1')


def _key(annotation: dict, number: int) -> object:
    given = annotation.get('id')
    return given if isinstance(given, int | str) else (number,)


def _box(x: float, y: float, width: float, height: float, image: dict) -> tuple[list[float], bool]:
    """Corners; rounding that leads out of the image by up to a pixel is left as it is."""
    corners = [x, y, x + width, y + height]
    out = max(-x, -y, corners[2] - image['width'], corners[3] - image['height'])
    if width >= 1 and height >= 1 and out <= 0:
        return corners, False
    fitted, _ = fit_box(corners, image['width'], image['height'])
    return (list(fitted), True) if out > 1 else (corners, False)


def _area(annotation: dict, box: Sequence[float]) -> float:
    """By which COCO's metric tells small, medium and large objects: that of the mask, where the file gives it."""
    given = annotation.get('area')
    if isinstance(given, int | float) and 0 < given < math.inf:
        return float(given)
    return (box[2] - box[0]) * (box[3] - box[1])


def _check_numbering(categories: set[int | str], listing: CocoListing) -> None:
    known = set(listing.categories)
    unknown = sorted(map(str, categories - known))
    for shift, base in ((1, 'lower'), (-1, 'higher')):
        if unknown and all(isinstance(key, int) and key + shift in known for key in categories):
            raise ValueError(
                f'its annotations have the category ids {sorted(categories, key=str)}, its categories {sorted(known)}: '
                f'those of the annotations are {base} by 1; add {shift} to each'
            )


def _check_amounts(found: CocoObjects, slips: list[str], total: int) -> None:
    if len(slips) > MOST_SLIPS * total:
        raise ValueError(
            f'{len(slips)} of {total} boxes cannot be meant as written; the first, of {slips[0]}. COCO writes '
            '[x, y, width, height] in pixels'
        )
    if slips:
        found.unused[f'with a box that cannot be meant as written (that of {slips[0]})'] = len(slips)
    objects = [entry for entries in found.by_image.values() for entry in entries]
    if total and all(entry['ignore_flag'] for entry in objects):
        marked = len(objects) - found.without_mask.total()
        reasons = found.unused + found.without_mask + Counter({'marked by iscrowd or ignore': marked})
        remedy = ', or take a detector without masks' if found.without_mask else ''
        raise ValueError(f'none of its {total} annotations can be used: {_listed(reasons)}; correct them{remedy}')


def _listed(reasons: Counter[str]) -> str:
    return ', '.join(f'{times} {reason}' for reason, times in reasons.most_common())
