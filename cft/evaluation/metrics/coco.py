"""COCO's average precision, of the objects that the data set itself holds."""

from collections.abc import Sequence

from mmdet.evaluation import CocoMetric as MMDetCocoMetric
from mmengine.fileio import dump

from cft.errors import ConfigError
from cft.registry import METRICS


@METRICS.register_module()
class CocoMetric(MMDetCocoMetric):
    """mmdet's ``CocoMetric``, given the checked objects of the data set instead of an annotation file.

    The file may have objects that the data set does not use, and ids that
    pycocotools misreads: an object with the id 0 never counts as found. Areas
    are those of the file, so that the figures of small, medium and large
    objects are COCO's.

    Args:
        ann_file: Refused: there is one list of objects, the data set's.
        kwargs: Those of :class:`mmdet.evaluation.CocoMetric`.

    Raises:
        ConfigError: If ``ann_file`` is given, the samples do not carry their
            objects, or no object is there to be found.

    Example:
        >>> CocoMetric(metric=['bbox', 'segm']).metrics
        ['bbox', 'segm']
    """

    def __init__(self, ann_file: str | None = None, **kwargs: object) -> None:
        if ann_file is not None:
            raise ConfigError(
                f'cft.CocoMetric: ann_file={ann_file!r} is not needed: the objects are those of the data set; remove it'
            )
        super().__init__(**kwargs)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the predictions and the objects of each sample."""
        for sample in data_samples:
            if 'instances' not in sample:
                raise ConfigError(
                    "cft.CocoMetric: the samples do not carry their objects; add 'instances' to the meta_keys of "
                    'PackDetInputs in the evaluation pipeline'
                )
            if 'segm' in self.metrics and not all('mask' in entry for entry in sample['instances']):
                raise ConfigError(
                    "cft.CocoMetric: metric='segm' needs masks; write dict(type='LoadAnnotations', with_bbox=True, "
                    'with_mask=True) in the evaluation pipeline'
                )
        super().process(data_batch, data_samples)

    def gt_to_coco_json(self, gt_dicts: Sequence[dict], outfile_prefix: str) -> str:
        """Write the objects of all ranks as COCO's JSON, numbered from 1, categories by label from 0."""
        images = [{'id': gt['img_id'], 'width': gt['width'], 'height': gt['height']} for gt in gt_dicts]
        annotations: list[dict] = []
        for gt in gt_dicts:
            for entry in gt['anns']:
                x1, y1, x2, y2 = entry['bbox']
                annotation = {
                    'id': len(annotations) + 1,
                    'image_id': gt['img_id'],
                    'category_id': int(entry['bbox_label']),
                    'bbox': [x1, y1, x2 - x1, y2 - y1],
                    'area': entry.get('area', (x2 - x1) * (y2 - y1)),
                    'iscrowd': int(entry['ignore_flag']),
                }
                annotations.append(annotation | ({'segmentation': entry['mask']} if 'mask' in entry else {}))
        if all(annotation['iscrowd'] for annotation in annotations) and not self.format_only:
            raise ConfigError('the evaluated images hold no object, hence there is no average precision; label them')
        assert self.dataset_meta is not None, 'evaluators tell it before they process'
        categories = [{'id': label, 'name': name} for label, name in enumerate(self.dataset_meta['classes'])]
        path = f'{outfile_prefix}.gt.json'
        dump({'images': images, 'categories': categories, 'annotations': annotations}, path)
        return path
