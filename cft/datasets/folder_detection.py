"""Anybody's detection data, whatever kind of labels it has, with a validation split when there is none."""

from mmdet.datasets import BaseDetDataset
from mmengine.logging import print_log

from cft.datasets.coco_objects import collect_objects
from cft.datasets.detection_layout import check_classes, class_names, find_layout
from cft.datasets.detection_parts import SPLITS, Part
from cft.datasets.held_out_images import holding_out_images
from cft.datasets.held_out_parts import Division, part_of_training
from cft.datasets.object_orientation import orient_samples
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class FolderDetection(BaseDetDataset):
    """Images with boxes, and maybe masks, in COCO JSON, VOC XML or YOLO text, found by looking.

    All kinds go through the checks of :class:`cft.datasets.coco_detection.CocoDetection`,
    and every image stays, with objects or without. Where no validation split is
    there, ``val_fraction`` of the training images is held out, the same ones
    every time, and by whole sub-folders where the images lie in several.
    Without a test split, ``test_fraction`` is held out before that likewise; if
    it is 0, ``split='test'`` is the validation split, and a warning says so.
    Masks are those of COCO and the outlines of YOLO, where the pipeline loads
    them (``with_mask=True``).

    Evaluate with :class:`cft.evaluation.metrics.coco.CocoMetric`.

    Args:
        data_root: The folder.
        split: ``'train'``, ``'val'`` or ``'test'``.
        label_format: ``'coco'``, ``'voc'`` or ``'yolo'``; None: what is there.
        val_fraction: Part of the images held out when there is no validation split; 0: none.
        seed: Which images are held out.
        test_fraction: Part of the images held out when there is no test split; 0: none.
        test_seed: Which images these are; ``seed`` then moves the validation images alone.
        label_frame: As of :class:`cft.datasets.coco_detection.CocoDetection`; YOLO's labels, which tell no size, are
            those of the shown pixels unless it says otherwise.
        metainfo: With ``classes``, their order; None: that of the training labels.
        kwargs: Those of :class:`mmdet.datasets.BaseDetDataset`.

    Raises:
        ConfigError: If there are no labels, labels of several kinds, damaged
            ones, classes that the training labels lack, or images are missing.

    Example:
        >>> FolderDetection(data_root='chess', split='val')  # doctest: +SKIP
    """

    # What training, validation and test must agree in.
    DIVIDED_BY = (*Division._fields, 'label_format')

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        label_format: str | None = None,
        val_fraction: float = 0.1,
        seed: int = 0,
        label_frame: str | None = None,
        metainfo: dict | None = None,
        test_fraction: float = 0.0,
        test_seed: int = 0,
        **kwargs: object,
    ) -> None:
        if split not in SPLITS:
            raise ConfigError(f'split must be one of {list(SPLITS)}, got {split!r}')
        self.split = split
        self.division = Division(val_fraction, seed, test_fraction, test_seed)
        self.layout = find_layout(data_root, label_format)
        self.label_frame = label_frame or self.layout.label_frame
        if not (metainfo or {}).get('classes'):
            listing = self.layout.parts['train'].read(self.label_frame)
            metainfo = {**(metainfo or {}), 'classes': class_names(listing)}
        super().__init__(ann_file='', data_root=str(data_root), metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict]:
        parts = self.layout.parts
        source = self.layout.source_of(self.split, self.division)
        if source.own:
            return self._samples(parts[source.split])
        samples = self._samples(parts['train'])
        hold_out = holding_out_images([sample['img_path'] for sample in samples])
        return [samples[index] for index in part_of_training(source, len(samples), hold_out)]

    def _samples(self, part: Part) -> list[dict]:
        listing = part.read(self.label_frame)
        if not listing.annotations and not self.test_mode:
            raise ConfigError(f'{part.place} has no object; label its images before training')
        check_classes(listing, self.metainfo['classes'], part.place)
        with_masks = any(getattr(step, 'with_mask', False) for step in self.pipeline.transforms)
        try:
            objects = collect_objects(listing, self.metainfo['classes'], 0 if self.test_mode else 1, with_masks)
        except ValueError as error:
            raise ConfigError(f'{part.place}: {error}') from error
        samples = [
            {
                'img_id': image['id'],
                'img_path': image['file_name'],
                'width': image['width'],
                'height': image['height'],
                'instances': objects.by_image.get(image['id'], []),
            }
            for image in listing.images
        ]
        orient_samples(samples, str(part.place), self.label_frame)
        remarks = objects.remarks()
        if listing.repeated_images:
            remarks.append(f'{listing.repeated_images} images listed again')
        if remarks:
            print_log(f'{part.place}, of {len(listing.annotations)} objects: {"; ".join(remarks)}', 'current')
        return samples
