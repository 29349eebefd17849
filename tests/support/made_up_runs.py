"""Runs that nobody trained, with names that would break a careless page."""

import numpy as np
from PIL import Image

from cft.evaluation.comparison import Comparison, compare_methods
from cft.evaluation.result import Evaluation
from cft.experiments import RunRecord
from cft.visualization.pictures import Box, Picture
from cft.visualization.run_view import RunView

# Markup, quotes, mathematics, other alphabets, control characters, what matplotlib leaves out of legends.
HOSTILE = ['<script>alert("1")</script>', "a&b'c", '$x^{2', '_hidden', '日本語', 'ü\x07|`*']


def picture(number: int) -> Image.Image:
    """A grey square whose brightness tells which one it is."""
    return Image.new('RGB', (24, 24), (number % 256,) * 3)


def record(name: str = 'coin', **changes: object) -> RunRecord:
    """A fine-tuning in two stages."""
    steps = [20, 40, 60, 80]
    curves = {
        'train': {'step': steps, 'loss': [3.0, 2.5, 1.0, 0.5], 'loss_ce': [0.0, 0.0, 0.9, 0.4], 'lr': [0.1] * 4},
        'val': {'step': steps, 'accuracy/top1': [10.0, 12.0, 80.0, 90.0]},
    }
    values = {
        'config': 'quickstart/coin_digits', 'seed': 3, 'curves': curves, 'stages': [40], 'seconds': 12.0,
        'step_seconds': 0.02, 'peak_bytes': 2_000_000_000, 'checkpoint': 'iter_80.pth', 'started': '2026-01-31',
        'versions': {'torch': '2.11.0', '<i>device': '"cpu"'},
    }  # fmt: skip
    return RunRecord(name, '0f', **{**values, **changes})


def classification(images: int = 90, classes: list[str] | None = None) -> RunView:
    """A classifier that takes every seventh image for the next class."""
    classes = HOSTILE if classes is None else classes
    generator = np.random.default_rng(0)
    labels = np.arange(images) % len(classes)
    predicted = np.where(np.arange(images) % 7, labels, (labels + 1) % len(classes))
    scores = np.full((images, len(classes)), 0.1 / len(classes))
    scores[np.arange(images), predicted] = generator.uniform(0.5, 0.9, images)
    scores /= scores.sum(axis=1, keepdims=True)
    matrix = np.zeros((len(classes), len(classes)), dtype=int)
    for true, found in zip(labels, predicted, strict=True):
        matrix[true, found] += 1
    tables = {
        'confusion': {
            'columns': ['class', *classes],
            'rows': [[name, *row] for name, row in zip(classes, matrix.tolist(), strict=True)],
        },
        'per_class': {'columns': ['class', 'recall'], 'rows': [[name, 81.25] for name in classes]},
    }
    accuracy = 100 * float(np.mean(labels == predicted))
    metrics = {'accuracy/top1': accuracy, 'retrieval/map_at_r': 71.5}
    evaluation = Evaluation('classification', 'test', metrics, tables, classes, images=images, notes=['<b>no</b> OOD'])
    counts = [int(np.sum(labels == label)) for label in range(len(classes))]
    data = {'train': {'images': images, 'classes': classes, 'counts': counts}}
    return RunView(
        record(data=data), evaluation, 'cft train <config> "x y"', {'model.head.type': '<Head>'},
        [Picture(picture(number), classes[number % len(classes)]) for number in range(4)], classes, labels,
        [f'<img src=x onerror=y>{number}.jpg' for number in range(images)], scores,
        np.eye(len(classes), 8)[labels % 8] + generator.normal(0, 0.1, (images, 8)), picture,
    )  # fmt: skip


def segmentation() -> RunView:
    """Two images with their masks."""
    evaluation = Evaluation('segmentation', 'test', {'mIoU': 61.25, 'aAcc': 90.0}, {}, HOSTILE[:2], images=2)
    examples = [Picture(picture(number), f'true: {HOSTILE[0]}') for number in range(6)]
    keys = [(name, '#332288') for name in HOSTILE[:2]]
    return RunView(record('seg'), evaluation, classes=HOSTILE[:2], examples=examples, keys=keys)


def detection() -> RunView:
    """An image with a true and a predicted box."""
    evaluation = Evaluation('detection', 'test', {'coco/bbox_mAP': 0.4, 'coco/bbox_mAP_l': -1.0}, {}, HOSTILE, images=1)
    boxes = [
        Box(0.1, 0.2, 0.5, 0.4, HOSTILE[0], 'true'),
        Box(0.15, 0.25, 0.5, 0.4, f'{HOSTILE[1]} 0.92', 'predicted'),
    ]
    examples = [Picture(Image.new('RGB', (640, 320), 'navy'), 'one object', boxes)]
    return RunView(record('det'), evaluation, classes=HOSTILE, examples=examples)


def pretraining() -> RunView:
    """Features without predictions."""
    view = classification()
    evaluation = Evaluation('self-supervised', 'test', {'knn/k20': 83.4}, {}, HOSTILE, images=90)
    curves = {'train': {'step': [1, 2], 'loss': [6.0, 5.0]}, 'val': {'step': []}}
    return RunView(
        record('sce', curves=curves, stages=[]), evaluation, classes=HOSTILE, labels=view.labels,
        features=view.features, picture=picture,
    )  # fmt: skip


def comparison_records(draws: int = 5) -> list[RunRecord]:
    """Three methods; ``scl`` is better by one point in every draw, give or take a tenth."""
    generator = np.random.default_rng(1)
    records = []
    for draw in range(draws):
        luck = generator.normal(90, 2)
        for method, gain in (('ce', 0.0), ('scl', 1.0), ('coin', 0.0)):
            metrics = {'accuracy/top1': luck + gain + generator.normal(0, 0.1), 'isotropy': generator.uniform()}
            records.append(
                record(
                    f'{method}-{draw}', config=f'{method}/folder', seed=draw, labels={'method': method, 'draw': draw},
                    metrics={'test': metrics}, overrides={'lr': 0.1 if method == 'ce' else 0.05},
                    stages=[40] if method == 'coin' else [],
                )
            )  # fmt: skip
    return records


def comparison(records: list[RunRecord]) -> Comparison:
    """Of :func:`comparison_records`."""
    names = {'ce': 'CE', 'scl': '<b>SCL</b>', 'coin': '_COIN $\\'}
    return compare_methods(records, names, 'ce', 'accuracy/top1')
