"""Detection data in COCO's format, checked before training starts."""

import os
from pathlib import Path

from mmdet.datasets import CocoDataset
from mmengine.logging import print_log

from cft.datasets.coco_listing import CocoListing, read_listing
from cft.datasets.coco_objects import CocoObjects, collect_objects
from cft.datasets.listed_files import require_files
from cft.datasets.object_orientation import orient_samples
from cft.datasets.preparation.coco import ARCHIVES, PAGE
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class CocoDetection(CocoDataset):
    """mmdet's ``CocoDataset``, all of whose annotations are checked; one log line tells what it cannot use, and why.

    - The file is read as JSON, whatever its name ends with.
    - Ids of images and categories may be any numbers, also as text; a class is
      found by its name. Ids of annotations mean nothing. Without ``iscrowd`` an
      object is no crowd, and without ``area`` it has that of its box. What is
      marked by ``iscrowd`` or ``ignore`` is neither trained on nor counted.
    - Boxes are cut off at the edge of the image where they stick out by more
      than a pixel. Boxes of less than a pixel are not trained on.
    - Masks matter where the pipeline loads them (``with_mask=True``). An object
      whose mask cannot be drawn is then ignored like a crowd.

    Evaluate with :class:`cft.evaluation.metrics.coco.CocoMetric`, which takes
    the objects from here.

    What was drawn on the stored pixels of an image that its EXIF orientation
    turns is turned with it (:mod:`cft.datasets.orientation`).

    Args:
        label_frame: ``'stored'`` or ``'shown'``: which pixels the labels of images turned by EXIF belong to; None: as
            ``width`` and ``height`` tell.
        kwargs: Those of :class:`mmdet.datasets.CocoDataset`.

    Raises:
        ConfigError: If the annotation file is missing or unreadable, lacks a
            class, has the classes in another order, contradicts itself, holds
            more than a few boxes that cannot be meant as written, or nothing
            that can be used, or names an image that is missing.

    Example:
        >>> CocoDetection(data_root='data/coco', ann_file='annotations/instances_val2017.json',
        ...     data_prefix=dict(img='val2017'))  # doctest: +SKIP
    """

    def __init__(self, label_frame: str | None = None, **kwargs: object) -> None:
        self.label_frame = label_frame
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        if not Path(self.ann_file).is_file():
            raise ConfigError(
                f'no annotations {self.ann_file}; prepare the data, or correct data_root: download '
                f'{", ".join(ARCHIVES.values())} from {PAGE}, then run python tools/datasets/prepare_coco.py DOWNLOADS'
            )
        try:
            listing = read_listing(self.ann_file)
        except ValueError as error:
            raise ConfigError(f'{self.ann_file} is no COCO annotation file: {error}') from error
        self._check_classes(list(listing.categories.values()))
        if not listing.images:
            raise ConfigError(f'{self.ann_file} holds no image')
        if not listing.annotations and not self.test_mode:
            raise ConfigError(f'{self.ann_file} holds no annotation; label its images before training')
        try:
            objects = collect_objects(
                listing, self.metainfo['classes'], least_side=0 if self.test_mode else 1, with_masks=self._draws_masks()
            )
            self._check_polygons(objects)
        except ValueError as error:
            raise ConfigError(f'{self.ann_file}: {error}') from error
        self._index_classes(listing, objects)
        samples = [self._sample(image, objects.by_image.get(image['id'], [])) for image in listing.images]
        require_files([sample['img_path'] for sample in samples], f'images named in {self.ann_file}')
        orient_samples(samples, self.ann_file, self.label_frame)
        remarks = objects.remarks()
        if listing.repeated_images:
            remarks.append(f'{listing.repeated_images} images listed again')
        if remarks:
            print_log(f'{self.ann_file}, of {len(listing.annotations)} annotations: {"; ".join(remarks)}', 'current')
        return samples

    def _check_classes(self, names: list[str]) -> None:
        """mmdet and COCO's tools number the classes in the order of the file, whatever order the config has."""
        classes = list(self.metainfo['classes'])
        lacking = [name for name in classes if name not in names]
        if lacking:
            raise ConfigError(f'{self.ann_file} lacks the classes {lacking}; it has {names}')
        expected = [name for name in names if name in classes]
        if classes != expected:
            raise ConfigError(f'the classes must stand in the order of {self.ann_file}: metainfo.classes = {expected}')

    def _draws_masks(self) -> bool:
        return any(getattr(step, 'with_mask', False) for step in self.pipeline.transforms)

    def _check_polygons(self, objects: CocoObjects) -> None:
        """mmdet ignores every object with run lengths where it keeps polygons."""
        keeps = any(getattr(step, 'poly2mask', True) is False for step in self.pipeline.transforms)
        if keeps and self._draws_masks():
            entries = [entry for image in objects.by_image.values() for entry in image if not entry['ignore_flag']]
            drawn = sum(isinstance(entry['mask'], dict) for entry in entries)
            if drawn:
                raise ValueError(
                    f'{drawn} of {len(entries)} masks are run lengths, which LoadAnnotations(poly2mask=False) would '
                    'ignore; leave poly2mask out'
                )

    def _index_classes(self, listing: CocoListing, objects: CocoObjects) -> None:
        """What ``filter_cfg`` of mmdet looks at."""
        ids = {name: key for key, name in listing.categories.items()}
        self.cat_ids = [ids[name] for name in self.metainfo['classes']]
        self.cat2label = {key: label for label, key in enumerate(self.cat_ids)}
        self.cat_img_map: dict[int | str, list] = {key: [] for key in self.cat_ids}
        for image_id, entries in objects.by_image.items():
            for label in {entry['bbox_label'] for entry in entries}:
                self.cat_img_map[self.cat_ids[label]].append(image_id)

    def _sample(self, image: dict, objects: list[dict]) -> dict:
        name = image['file_name']
        if '\\' in name and not os.path.isfile(os.path.join(self.data_prefix['img'], name)):
            name = name.replace('\\', '/')
        entry = {**image, 'file_name': name, 'img_id': image['id']}
        return {**self.parse_data_info({'raw_img_info': entry, 'raw_ann_info': []}), 'instances': objects}
