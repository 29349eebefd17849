"""Pictures of what a segmentor or a detector predicts, beside what is true."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from cft.apis.running.device import check_device
from cft.apis.running.trained_model import fill_trained
from cft.registry import MODELS

from .images import StoredImages

if TYPE_CHECKING:
    from cft.visualization.pictures import Picture

MOST = 6
_SURE = 0.5  # score from which on a box is drawn
_MOST_BOXES = 12


def examples_of(
    cfg: Config, checkpoint: Path, dataset: Any, images: StoredImages, classes: Sequence[str], chosen: Sequence[int]
) -> list['Picture']:
    """Predict some images of a data set and draw them.

    Args:
        cfg: Of a segmentor or a detector.
        checkpoint: Its weights.
        dataset: Under the test pipeline.
        images: The same images as they are stored.
        classes: Names.
        chosen: Which of them.

    Example:
        >>> examples_of(cfg, checkpoint, dataset, images, classes, [0, 5])  # doctest: +SKIP
    """
    with MODELS.switch_scope_and_registry(cfg.get('default_scope')):
        model: Any = MODELS.build(cfg.model)
    fill_trained(model, str(checkpoint))
    model = model.to(check_device('cuda' if torch.cuda.is_available() else 'cpu')).eval()
    draw = _masks if cfg.default_scope == 'mmseg' else _boxes
    return [picture for index in chosen for picture in draw(_predict(model, dataset, index), images, index, classes)]


def worst_images(folder: Path, split: str, count: int, most: int = MOST) -> list[int]:
    """Indices of the images that are drawn: the worst third, and others evenly over the split.

    Args:
        folder: With ``predictions_<split>.jsonl``, where it was written; without it, all are taken evenly.
        split: Its name.
        count: Images of the split.
        most: How many.

    Example:
        >>> worst_images(Path('no/folder'), 'test', count=5)
        [0, 1, 2, 3, 4]
    """
    worst: list[int] = []
    path = folder / f'predictions_{split}.jsonl'
    if path.is_file():
        lines = [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]
        scores = [(line.get('miou', line.get('f1')), at) for at, line in enumerate(lines[:count])]
        worst = [at for _, at in sorted(pair for pair in scores if pair[0] is not None)[: -(-most // 3)]]
    even = np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()
    rest = [at for at in even if at not in worst]
    return [*worst, *rest[: max(0, min(most, count) - len(worst))]]


@torch.no_grad()
def _predict(model: Any, dataset: Any, index: int) -> Any:
    [sample] = model.test_step(pseudo_collate([dataset[index]]))
    return sample.cpu()


def _masks(sample: Any, images: StoredImages, index: int, classes: Sequence[str]) -> list['Picture']:
    from cft.visualization.pictures import Picture, overlay

    image, name = images(index), _name(images, index)
    predicted = sample.pred_sem_seg.data[0].numpy()
    true = sample.gt_sem_seg.data[0].numpy() if 'gt_sem_seg' in sample else None
    blank = background_of(classes)

    def shown(mask: np.ndarray | None, kind: str) -> Picture:
        if mask is None:
            return Picture(image, f'{name}: no true mask')
        found = [classes[label] for label in np.unique(mask).tolist() if label < len(classes) and label not in blank]
        return Picture(overlay(image, mask, blank), f'{kind}: {", ".join(found) or "nothing"}')

    return [Picture(image, name), shown(true, 'true'), shown(predicted, 'predicted')]


def background_of(classes: Sequence[str]) -> list[int]:
    """Classes that stay without a colour.

    Example:
        >>> background_of(['background', 'cat'])
        [0]
    """
    return [label for label, name in enumerate(classes) if name.lower() == 'background']


def _boxes(sample: Any, images: StoredImages, index: int, classes: Sequence[str]) -> list['Picture']:
    from cft.visualization.pictures import Box, Picture

    image = images(index)
    width, height = image.size

    def box(corners: Sequence[float], label: str, kind: str) -> Box:
        left, top, right, bottom = corners
        return Box(left / width, top / height, (right - left) / width, (bottom - top) / height, label, kind)

    true = [
        box(instance['bbox'], classes[instance['bbox_label']], 'true')
        for instance in images.info(index).get('instances', ())
        if not instance.get('ignore_flag')
    ]
    found = sample.pred_instances
    sure = [at for at in found.scores.argsort(descending=True).tolist() if found.scores[at] >= _SURE][:_MOST_BOXES]
    predicted = [
        box(found.bboxes[at].tolist(), f'{classes[int(found.labels[at])]} {float(found.scores[at]):.2f}', 'predicted')
        for at in sure
    ]
    told = ', '.join(item.label for item in predicted) or 'nothing'
    truth = ', '.join(item.label for item in true) or 'nothing'
    return [Picture(image, f'{_name(images, index)}. Predicted: {told}. True: {truth}.', [*true, *predicted])]


def _name(images: StoredImages, index: int) -> str:
    path = images.info(index).get('img_path')
    return f'image {index}' if path is None else Path(str(path)).name
