"""Scenes as COCO's annotations (Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014)."""

import numpy as np

from .scene import SHAPES, Scene
from .voc_files import tight_boxes


def run_lengths(mask: np.ndarray) -> dict:
    """COCO's uncompressed run-length encoding: column by column, first the length of the background.

    Args:
        mask: (H, W) bool.

    Example:
        >>> run_lengths(np.array([[False, True], [False, True]]))
        {'size': [2, 2], 'counts': [2, 2]}
    """
    pixels = mask.ravel(order='F').astype(np.int8)
    changes = np.flatnonzero(np.diff(pixels, prepend=0))
    counts = np.diff(changes, prepend=0, append=len(pixels))
    return {'size': list(mask.shape), 'counts': counts.tolist()}


class CocoAnnotations:
    """Collects the scenes of one split.

    Example:
        >>> CocoAnnotations().content()['categories'][0]
        {'id': 1, 'name': 'circle', 'supercategory': 'shape'}
    """

    def __init__(self) -> None:
        self.images: list[dict] = []
        self.annotations: list[dict] = []

    def add(self, name: str, scene: Scene) -> None:
        """Append a picture and its objects; pictures without an object count, too."""
        height, width = scene.instances.shape
        image_id = len(self.images) + 1
        self.images.append({'id': image_id, 'file_name': f'{name}.jpg', 'height': height, 'width': width})
        for number, (label, box) in enumerate(zip(scene.classes, tight_boxes(scene.instances), strict=True), start=1):
            x0, y0, x1, y1 = box.tolist()
            mask = scene.instances == number
            self.annotations.append(
                {
                    'id': len(self.annotations) + 1,
                    'image_id': image_id,
                    'category_id': label + 1,
                    'bbox': [x0, y0, x1 - x0 + 1, y1 - y0 + 1],
                    'area': int(mask.sum()),
                    'segmentation': run_lengths(mask),
                    'iscrowd': 0,
                }
            )

    def content(self) -> dict:
        """What the JSON file holds."""
        categories = [{'id': i, 'name': name, 'supercategory': 'shape'} for i, name in enumerate(SHAPES, start=1)]
        info = {'description': 'drawn shapes'}
        return {
            'info': info,
            'images': self.images,
            'annotations': self.annotations,
            'categories': categories,
        }
