"""Detection data in VOC layout, checked before training starts."""

import xml.etree.ElementTree as ET
from pathlib import Path

from mmdet.datasets import VOCDataset, XMLDataset
from mmengine.logging import print_log

from cft.datasets.box_checks import fit_box
from cft.datasets.listed_files import find_listed
from cft.datasets.orientation import Labelled, label_frames, read_header, turn_box
from cft.datasets.preparation.text_lists import read_lines
from cft.datasets.preparation.voc_splits import ARCHIVES, VOC07_PAGE, VOC12_SOURCE
from cft.datasets.voc_annotation import read_objects, read_size, read_xml
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class VOCDetection(XMLDataset):
    """Images, XML annotations and a list file, as PASCAL VOC keeps them.

    Boxes are x1, y1, x2, y2 in pixels from the image's corner: VOC's first
    pixel is 1 and its last belongs to the box, hence (xmin - 1, ymin - 1, xmax,
    ymax). ``difficult`` objects are neither trained on nor counted. Images
    without objects are kept. The classes are VOC's 20 unless ``metainfo`` gives
    others.

    The images may have any suffix that :class:`cft.datasets.ImageFolder` reads.
    What of a box sticks out of the image is cut off, and a warning counts it.
    Boxes that were drawn on the stored pixels of an image that its EXIF
    orientation turns are turned with it (:mod:`cft.datasets.orientation`).

    Args:
        label_frame: ``'stored'`` or ``'shown'``: which pixels the boxes of images turned by EXIF belong to; None: as
            ``<size>`` tells.
        kwargs: Those of :class:`mmdet.datasets.XMLDataset`. Objects smaller than
            ``filter_cfg=dict(bbox_min_size=...)`` are treated like difficult ones.

    Raises:
        ConfigError: If the list, an image or an annotation is missing, or an
            annotation is unreadable, names an unknown class or a box that
            cannot be meant, or is for an image of another size.

    Example:
        >>> VOCDetection(data_root='data/VOCdevkit', ann_file='VOC2007/ImageSets/Main/test.txt',
        ...     data_prefix=dict(sub_data_root='VOC2007'), test_mode=True)  # doctest: +SKIP
    """

    METAINFO = VOCDataset.METAINFO

    def __init__(self, label_frame: str | None = None, **kwargs: object) -> None:
        self.label_frame = label_frame
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        if not Path(self.ann_file).is_file():
            raise ConfigError(
                f'no list of images {self.ann_file}; prepare the data, or correct data_root: download '
                f'{", ".join(ARCHIVES[:2])} from {VOC07_PAGE} and {VOC12_SOURCE}, then run '
                'python tools/datasets/prepare_voc.py DOWNLOADS'
            )
        folder = Path(self.sub_data_root)
        names = read_lines(self.ann_file)
        if not names:
            raise ConfigError(f'the list {self.ann_file} names no image')
        images = find_listed(folder / self.img_subdir, names, '.jpg', f'images named in {self.ann_file}')
        annotations = find_listed(
            folder / self.ann_subdir, names, '.xml', f'annotations named in {self.ann_file}', others=()
        )
        self.cat2label = {name: label for label, name in enumerate(self.metainfo['classes'])}
        samples = [
            self.parse_data_info({'img_id': name, 'img_path': image, 'xml_path': annotation})
            for name, image, annotation in zip(names, images, annotations, strict=True)
        ]
        self._place_boxes(samples)
        return samples

    def filter_data(self) -> list[dict]:
        kept = super().filter_data()
        if not kept:
            raise ConfigError(f'filter_cfg={self.filter_cfg} leaves none of the images of {self.ann_file}')
        return kept

    def parse_data_info(self, img_info: dict) -> dict:
        """A sample whose boxes and size are as the file has them."""
        path = img_info['xml_path']
        try:
            root = read_xml(path)
            width, height = read_size(root)
            instances = self._parse_instance_info(root)
        except (ET.ParseError, TypeError, ValueError, OverflowError) as error:
            raise ConfigError(
                f'{path} is no VOC annotation ({error}); repair it or leave it out of the list'
            ) from error
        return {**img_info, 'width': width, 'height': height, 'instances': instances}

    def _place_boxes(self, samples: list[dict]) -> None:
        """Let boxes and sizes be those of the images as they are shown."""
        headers = [read_header(sample['img_path']) for sample in samples]
        # Some tools write a size of 0 x 0.
        sizes = [(s['width'], s['height']) if s['width'] > 0 and s['height'] > 0 else None for s in samples]
        labelled = [
            Labelled(sample['img_path'], sample['xml_path'], header, size)
            for sample, header, size in zip(samples, headers, sizes, strict=True)
        ]
        frames = label_frames(labelled, self.label_frame, self.ann_file)
        clipped = 0
        for sample, header, size, frame in zip(samples, headers, sizes, frames, strict=True):
            drawn_on = size if header is None else header.stored if frame == 'stored' else header.shown
            if drawn_on is None:
                raise ConfigError(
                    f'{sample["xml_path"]} gives no size and its image {sample["img_path"]} cannot be read; repair '
                    'one of them or leave them out of the list'
                )
            for number, instance in enumerate(sample['instances'], start=1):
                try:
                    box, cut = fit_box(instance['bbox'], *drawn_on)
                except ValueError as error:
                    raise ConfigError(f'{sample["xml_path"]}: the box of object {number} {error}') from error
                clipped += cut
                instance['bbox'] = turn_box(box, header) if header and frame == 'stored' else list(box)
            sample['width'], sample['height'] = drawn_on if header is None else header.shown
        if clipped:
            total = sum(len(sample['instances']) for sample in samples)
            print_log(
                f'{self.ann_file}: {clipped} of {total} boxes stick out of their image and are cut', 'current', 30
            )

    def _parse_instance_info(self, raw_ann_info: ET.Element, minus_one: bool = True) -> list[dict]:
        instances = []
        for number, entry in enumerate(read_objects(raw_ann_info), start=1):
            if entry.name not in self.cat2label:
                raise ValueError(
                    f'object {number} is of the unknown class {entry.name!r}; known are {sorted(self.cat2label)}'
                )
            xmin, ymin, xmax, ymax = entry.box
            too_small = min(xmax - xmin, ymax - ymin) < (self.bbox_min_size or 0)
            instances.append(
                {
                    'bbox': list(entry.box),
                    'bbox_label': self.cat2label[entry.name],
                    'ignore_flag': int(too_small or entry.difficult),
                }
            )
        return instances
