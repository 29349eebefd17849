"""Objects with boxes and masks in the frame in which their images are shown."""

from collections.abc import Sequence

import numpy as np
from pycocotools import mask as rle  # type: ignore[import-untyped]  # it has no types

from cft.datasets.orientation import Header, Labelled, label_frames, read_header, turn_box, turn_map, turn_points


def orient_samples(samples: Sequence[dict], name: str, frame: str | None = None) -> None:
    """Turn what was drawn on stored pixels as EXIF turns the images, and check the declared sizes.

    Args:
        samples: As mmdet's data sets hold them: ``img_path``, the declared ``width`` and ``height`` and ``instances``
            with ``bbox`` (x1, y1, x2, y2 in pixels) and maybe ``mask`` (polygons or run lengths); changed in place.
        name: Of the annotation file, for messages.
        frame: As of :func:`cft.datasets.orientation.label_frames`.

    Raises:
        ConfigError: As :func:`cft.datasets.orientation.label_frames` does.

    Example:
        >>> orient_samples([dict(img_path='a.jpg', width=64, height=48, instances=[])], 'train.json')
    """
    labelled = [
        Labelled(
            sample['img_path'],
            f'{name} (image {sample.get("img_id")})',
            read_header(sample['img_path']),
            (int(sample['width']), int(sample['height'])),
        )
        for sample in samples
    ]
    frames = label_frames(labelled, frame, name)
    for sample, header, drawn_in in zip(samples, [entry.header for entry in labelled], frames, strict=True):
        if header is None:
            continue
        sample['width'], sample['height'] = header.shown
        for instance in sample['instances'] if drawn_in == 'stored' else ():
            instance['bbox'] = turn_box(instance['bbox'], header)
            if instance.get('mask'):
                instance['mask'] = _turn_mask(instance['mask'], header)


def _turn_mask(mask: list | dict, header: Header) -> list | dict:
    if isinstance(mask, list):
        return [turn_points(np.reshape(polygon, (-1, 2)), header).ravel().tolist() for polygon in mask]
    packed = rle.frPyObjects(mask, *mask['size']) if isinstance(mask['counts'], list) else mask
    turned = rle.encode(np.asfortranarray(turn_map(rle.decode(packed), header.orientation)))
    # As JSON has it.
    return {'size': turned['size'], 'counts': turned['counts'].decode()}
