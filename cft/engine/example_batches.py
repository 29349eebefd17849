"""Training images for what is measured before training: the same in every process, whatever was drawn before."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from cft.engine.class_heads import num_classes_of
from cft.engine.encoding import several_labels
from cft.engine.model_access import unwrap_model
from cft.engine.seeded_batches import SeededBatch
from cft.errors import ConfigError

# Beside those of the training's batches, so that no two streams begin alike.
EXAMPLES = 4


class SeededSamples(Dataset):
    """Some samples of a data set, each with an augmentation that follows from the seed and its number alone.

    Args:
        dataset: Of any kind.
        indices: Of the samples.
        seed: Of the run.

    Example:
        >>> SeededSamples(range(10, 20), [3, 1], seed=0)[0]
        13
    """

    def __init__(self, dataset: Any, indices: list[int], seed: int) -> None:
        self.dataset, self.indices, self.seed = dataset, indices, seed

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Any:
        batch = SeededBatch([self.indices[position]], (self.seed, self.indices[position], EXAMPLES))
        (sample,) = (self.dataset[index] for index in batch)
        return sample


def example_batches(runner: Runner, number: int) -> Iterator[tuple[Tensor, Tensor, bool]]:
    """Training images, drawn by the run's seed, the first view of each.

    Args:
        runner: Before training.
        number: Most images.

    Yields:
        (B, C, H, W) images as the model sees them, (B, K) targets of 0 and 1 in float32, and whether each image has
        one class only. Segmentation and detection give the classes that are in an image.

    Raises:
        ConfigError: If the data have no length or the images no labels.

    Example:
        >>> images, targets, exclusive = next(example_batches(runner, 128))  # doctest: +SKIP
    """
    loader, model = runner.train_dataloader, unwrap_model(runner.model)
    if not hasattr(loader.dataset, '__len__'):
        raise ConfigError('cft.DELTA measures on training images, and a stream has no number of them; use cft.L2SP')
    classes = max(num_classes_of(model).values(), default=0)
    count = min(number, len(loader.dataset))
    chosen = np.random.default_rng([runner.seed, EXAMPLES]).choice(len(loader.dataset), count, replace=False)
    samples = SeededSamples(loader.dataset, chosen.tolist(), runner.seed)
    batches = DataLoader(
        samples,
        batch_size=loader.batch_size or 1,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        worker_init_fn=loader.worker_init_fn,
        # Its own: making an iterator draws a number, which the run's generators should not notice.
        generator=torch.Generator(),
    )
    preprocessor: Any = model.data_preprocessor
    for batch in batches:
        # Of classifiers, training=True would mix images (Mixup, CutMix); segmentors pad in training alone.
        data = preprocessor(batch, hasattr(model, 'decode_head'))
        inputs = data['inputs'] if isinstance(data['inputs'], Tensor) else data['inputs'][0]
        targets, exclusive = _targets(data['data_samples'], classes, bool(several_labels(model)))
        yield inputs, targets.to(inputs.device), exclusive


def _targets(samples: list, classes: int, several: bool) -> tuple[Tensor, bool]:
    targets = torch.zeros(len(samples), classes)
    for row, sample in zip(targets, samples, strict=True):
        labels = _labels(sample)
        row[labels[(labels >= 0) & (labels < classes)].unique()] = 1
    return targets, not several and 'gt_label' in samples[0]


def _labels(sample: Any) -> Tensor:
    if 'gt_sem_seg' in sample:
        return sample.gt_sem_seg.data.flatten().cpu()
    if 'gt_instances' in sample:
        return sample.gt_instances.labels.cpu()
    if 'gt_score' in sample:
        return sample.gt_score.nonzero().flatten().cpu()
    if 'gt_label' in sample:
        return sample.gt_label.flatten().cpu()
    raise ConfigError('cft.DELTA weighs the filters by the labels of the training images, and they have none')
