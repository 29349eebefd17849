"""Detection data in VOC layout, checked before training starts."""

import xml.etree.ElementTree as ET
from pathlib import Path

from mmdet.datasets import VOCDataset, XMLDataset

from cft.datasets.files import require_files
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

    Args:
        kwargs: Those of :class:`mmdet.datasets.XMLDataset`. Objects smaller than
            ``filter_cfg=dict(bbox_min_size=...)`` are treated like difficult ones.

    Raises:
        ConfigError: If the list, an image or an annotation is missing, or an
            annotation is unreadable, names an unknown class or an empty box.

    Example:
        >>> VOCDetection(data_root='data/VOCdevkit', ann_file='VOC2007/ImageSets/Main/test.txt',
        ...     data_prefix=dict(sub_data_root='VOC2007'), test_mode=True)  # doctest: +SKIP
    """

    METAINFO = VOCDataset.METAINFO

    def load_data_list(self) -> list[dict]:
        if not Path(self.ann_file).is_file():
            raise ConfigError(f'no list of images {self.ann_file}; prepare the data (tools/datasets) first')
        folder = Path(self.sub_data_root)
        names = [line.strip() for line in Path(self.ann_file).read_text().splitlines()]
        if not names:
            raise ConfigError(f'the list {self.ann_file} names no image')
        for what, place, suffix in (('images', self.img_subdir, 'jpg'), ('annotations', self.ann_subdir, 'xml')):
            require_files([str(folder / place / f'{n}.{suffix}') for n in names], f'{what} named in {self.ann_file}')
        return super().load_data_list()

    def parse_data_info(self, img_info: dict) -> dict:
        try:
            return super().parse_data_info(img_info)
        except (ET.ParseError, AttributeError, TypeError, ValueError, OverflowError) as error:
            image = Path(self.sub_data_root) / img_info['file_name']
            raise ConfigError(
                f'{img_info["xml_path"]} is no VOC annotation, or gives no size and its image {image} cannot be read '
                f'({error}); repair it or leave it out of the list'
            ) from error

    def _parse_instance_info(self, raw_ann_info: ET.ElementTree, minus_one: bool = True) -> list[dict]:
        instances = []
        for number, node in enumerate(raw_ann_info.findall('object'), start=1):
            name = node.find('name').text
            if name not in self.cat2label:
                raise ValueError(
                    f'object {number} is of the unknown class {name!r}; known are {sorted(self.cat2label)}'
                )
            corners = node.find('bndbox')
            xmin, ymin, xmax, ymax = (int(float(corners.find(k).text)) for k in ('xmin', 'ymin', 'xmax', 'ymax'))
            if xmax < xmin or ymax < ymin:
                raise ValueError(f'object {number} has an empty box {xmin, ymin, xmax, ymax}')
            difficult = node.find('difficult')
            too_small = min(xmax - xmin, ymax - ymin) + 1 < (self.bbox_min_size or 0)
            instances.append(
                {
                    'bbox': [xmin - 1, ymin - 1, xmax, ymax],
                    'bbox_label': self.cat2label[name],
                    'ignore_flag': int(too_small or (difficult is not None and int(difficult.text) > 0)),
                }
            )
        return instances
