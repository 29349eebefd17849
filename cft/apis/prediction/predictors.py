"""What predicts an image in each task, as OpenMMLab's own inference does."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image

from cft.apis.running.trained_model import fill_trained
from cft.engine.config_nodes import innermost_dataset
from cft.registry import TRANSFORMS

from .images import mask_place

# Of an image, as B, G, R pixels, and of where its pictures go, without a suffix.
Predictor = Callable[[np.ndarray, Path | None], dict]


def pixel_pipeline(cfg: Config) -> Callable[[np.ndarray], dict]:
    """From pixels to the input of the data preprocessor: the test pipeline after its reading, without labels.

    Args:
        cfg: With ``test_dataloader``.
    """
    from mmengine.dataset import Compose, pseudo_collate

    steps = innermost_dataset(cfg.test_dataloader.dataset)['pipeline']
    kinds = [str(step['type']).split('.')[-1] for step in steps]
    with TRANSFORMS.switch_scope_and_registry(cfg.get('default_scope')):
        transforms = Compose(
            [TRANSFORMS.build(step) for step, kind in zip(steps, kinds, strict=True) if not kind.startswith('Load')]
        )

    def pipeline(image: np.ndarray) -> dict:
        size = image.shape[:2]
        return pseudo_collate([transforms({'img': image, 'img_shape': size, 'ori_shape': size, 'img_id': 0})])

    return pipeline


def picture_file(place: Path) -> str:
    """Of what is drawn for a place without a suffix."""
    return f'{place}.png'


def _classifier(cfg: Config, checkpoint: str, device: str) -> Predictor:
    from mmpretrain.apis import ImageClassificationInferencer
    from mmpretrain.models import MultiLabelClsHead
    from mmpretrain.visualization import UniversalVisualizer

    infer = ImageClassificationInferencer(cfg, pretrained=False, device=device)
    infer.classes = fill_trained(infer.model, checkpoint)['classes']
    visualizer = infer.visualizer or UniversalVisualizer()
    several = isinstance(infer.model.head, MultiLabelClsHead)

    def predictor(image: np.ndarray, place: Path | None) -> dict:
        data = next(iter(infer.preprocess([image])))
        sample = infer.forward(data)[0]
        if place is not None:
            picture = picture_file(place)
            visualizer.visualize_cls(image[..., ::-1], sample, infer.classes, draw_gt=False, out_file=picture)
        if several:
            return {'labels': [row(label, sample.pred_score) for label in sample.pred_label.tolist()]}
        return row(int(sample.pred_score.argmax()), sample.pred_score)

    def row(label: int, scores: torch.Tensor) -> dict:
        return {'label': label, 'score': float(scores[label]), 'class': infer.classes[label]}

    return predictor


def _segmentor(cfg: Config, checkpoint: str, device: str) -> Predictor:
    from mmseg.apis import init_model, show_result_pyplot

    model = init_model(cfg, device=device)
    model.dataset_meta = fill_trained(model, checkpoint)
    classes = model.dataset_meta['classes']
    pipeline = pixel_pipeline(cfg)

    def predictor(image: np.ndarray, place: Path | None) -> dict:
        with torch.no_grad():
            [result] = model.test_step(pipeline(image))
        mask = result.pred_sem_seg.data[0].cpu().numpy()
        if place is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask.astype(np.uint8)).save(picture_file(mask_place(place)))
            picture = picture_file(place)
            show_result_pyplot(model, image[..., ::-1], result, draw_gt=False, show=False, out_file=picture)
        found, counts = np.unique(mask, return_counts=True)
        return {'fractions': {classes[label]: n / mask.size for label, n in zip(found, counts, strict=True)}}

    return predictor


def _detector(cfg: Config, checkpoint: str, device: str) -> Predictor:
    from mmdet.apis import init_detector
    from mmdet.registry import VISUALIZERS

    with warnings.catch_warnings(record=True):
        # Without a checkpoint it announces the classes of COCO.
        model = init_detector(cfg, device=device)
    model.dataset_meta = fill_trained(model, checkpoint)
    classes = model.dataset_meta['classes']
    pipeline = pixel_pipeline(cfg)

    def predictor(image: np.ndarray, place: Path | None) -> dict:
        with torch.no_grad():
            [result] = model.test_step(pipeline(image))
        found = result.pred_instances.cpu()
        if place is not None:
            visualizer = VISUALIZERS.build(cfg.visualizer)
            visualizer.dataset_meta = model.dataset_meta
            picture = picture_file(place)
            visualizer.add_datasample(place.name, image[..., ::-1], result, draw_gt=False, out_file=picture)
        rows = zip(found.labels.tolist(), found.scores.tolist(), found.bboxes.tolist(), strict=True)
        return {
            'boxes': [
                {'label': label, 'class': classes[label], 'score': score, 'bbox': bbox} for label, score, bbox in rows
            ]
        }

    return predictor


# By the scope of the config, which says whose inference it is.
PREDICTORS: dict[str, Callable[[Config, str, str], Predictor]] = {
    'mmpretrain': _classifier,
    'mmseg': _segmentor,
    'mmdet': _detector,
}
