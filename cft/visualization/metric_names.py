"""How metrics are called, written and compared."""

from collections.abc import Mapping

_NAMES = {
    'accuracy/top1': 'accuracy (%)',
    'accuracy/top5': 'top-5 accuracy (%)',
    'knn/k20': 'kNN accuracy, k = 20 (%)',
    'linear_probe/top1': 'linear probe (%)',
    'linear_svm/top1': 'linear SVM (%)',
    's_dbw/halkidi': 'S_Dbw',
    's_dbw/halkidi2001': 'S_Dbw (2001)',
    's_dbw/tong': 'S_Dbw (Tong)',
    'isotropy': 'isotropy',
    'alignment': 'alignment',
    'uniformity': 'uniformity',
    'similarity/positive': 'similarity within classes',
    'similarity/negative': 'similarity between classes',
    'scatter_ratio': 'within / total scatter',
    'retrieval/map_at_r': 'retrieval mAP@R (%)',
    'retrieval/r_precision': 'retrieval R-precision (%)',
    'retrieval/recall_at_1': 'retrieval recall@1 (%)',
    'retrieval/recall_at_5': 'retrieval recall@5 (%)',
    'retrieval/recall_at_10': 'retrieval recall@10 (%)',
    'ood/auroc': 'OOD AUROC',
    'calibration/ece': 'calibration error (ECE)',
    'calibration/nll': 'negative log-likelihood',
    'calibration/brier': 'Brier score',
    'mIoU': 'mIoU (%)',
    'mAcc': 'mean class accuracy (%)',
    'aAcc': 'pixel accuracy (%)',
    'FWIoU': 'frequency-weighted IoU (%)',
    'coco/bbox_mAP': 'box AP',
    'coco/bbox_mAP_50': 'box AP50',
    'coco/bbox_mAP_75': 'box AP75',
    'coco/bbox_mAP_s': 'box AP, small',
    'coco/bbox_mAP_m': 'box AP, medium',
    'coco/bbox_mAP_l': 'box AP, large',
    'coco/segm_mAP': 'mask AP',
    'pascal_voc/mAP': 'box AP50 (VOC)',
    'loss': 'loss',
    'loss_ce': 'cross-entropy loss',
    'loss_con': 'contrastive loss',
    'loss_cls': 'classification loss',
    'loss_bbox': 'box loss',
    'loss_rpn_cls': 'proposal loss',
    'loss_rpn_bbox': 'proposal box loss',
}
# What a page puts first.
_FIRST = ('accuracy/top1', 'mIoU', 'coco/bbox_mAP', 'coco/bbox_mAP_50', 'pascal_voc/mAP', 'knn/k20')


def shown_name(metric: str) -> str:
    """A metric's name for a table or an axis.

    Example:
        >>> shown_name('accuracy/top1'), shown_name('single-label/f1-score')
        ('accuracy (%)', 'single-label/f1-score')
    """
    return _NAMES.get(metric.removeprefix('decode.'), metric)


def shown_value(metric: str, value: float) -> str:
    """A value with the digits that its metric deserves.

    Example:
        >>> shown_value('accuracy/top1', 91.234), shown_value('isotropy', 0.5), shown_value('loss', float('nan'))
        ('91.2', '0.500', 'n/a')
    """
    # COCO's word for an average over nothing.
    undefined = value != value or (value == -1 and metric.startswith('coco/'))
    return 'n/a' if undefined else f'{value:.{digits(metric, value)}f}'


def digits(metric: str, value: float) -> int:
    """Decimal places: one of per cents, three of fractions."""
    return 1 if '(%)' in shown_name(metric) or abs(value) > 10 else 3


def as_title(name: str) -> str:
    """A name as a title begins; one with capitals of its own stays.

    Example:
        >>> as_title('isotropy'), as_title('kNN accuracy'), as_title('mIoU (%)')
        ('Isotropy', 'kNN accuracy', 'mIoU (%)')
    """
    first = name.split(' ')[0]
    return name[:1].upper() + name[1:] if first == first.lower() else name


def in_order(metrics: Mapping[str, float]) -> list[str]:
    """Names of metrics, the one that tells most first.

    Example:
        >>> in_order({'aAcc': 92.1, 'mIoU': 33.6})
        ['mIoU', 'aAcc']
    """
    return sorted(metrics, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
