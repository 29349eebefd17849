"""That detections are compared with the objects that the data set holds."""

from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError

DATASETS = ('cft.CocoDetection', 'cft.FolderDetection')
METRIC = 'cft.CocoMetric'


def check_coco_evaluators(cfg: dict) -> None:
    """Refuse evaluators that read the annotation file of a checked data set again, or do not get its objects.

    mmdet's ``CocoMetric(ann_file=...)`` takes the file unchecked, with what the
    data set leaves out and ids that pycocotools misreads.

    Args:
        cfg: A complete config.

    Raises:
        ConfigError: Naming the evaluator and the remedy.

    Example:
        >>> check_coco_evaluators(dict(test_evaluator=dict(type='cft.CocoMetric')))
    """
    for part in ('val', 'test'):
        datasets = _of_type(cfg.get(f'{part}_dataloader'), *DATASETS)
        for place, evaluator in iterate_dicts(cfg.get(f'{part}_evaluator'), f'{part}_evaluator'):
            name = str(evaluator.get('type'))
            if datasets and name.removeprefix('mmdet.') == 'CocoMetric' and evaluator.get('ann_file') is not None:
                raise ConfigError(
                    f'{place}: {name} would read ann_file unchecked; write type={METRIC!r} without ann_file, which '
                    f"takes the objects of the data set, and add 'instances' to the meta_keys of PackDetInputs"
                )
            if name != METRIC:
                continue
            if evaluator.get('ann_file') is not None:
                raise ConfigError(f'{place}.ann_file: {METRIC} takes the objects of the data set; remove ann_file')
            for step in _of_type(cfg.get(f'{part}_dataloader'), 'PackDetInputs'):
                if 'instances' not in step.get('meta_keys', ()):
                    raise ConfigError(
                        f"{part}_dataloader: {METRIC} needs the objects of each sample; add 'instances' to the "
                        'meta_keys of PackDetInputs'
                    )


def _of_type(node: object, *names: str) -> list[dict]:
    return [found for _, found in iterate_dicts(node) if str(found.get('type')).removeprefix('mmdet.') in names]
