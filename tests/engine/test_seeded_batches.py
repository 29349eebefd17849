"""What a sample draws follows from its place in the run alone, whoever loads it and however the data are wrapped."""

import multiprocessing
import pickle
import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from mmdet.datasets import MultiImageMixDataset
from mmdet.datasets.samplers import AspectRatioBatchSampler
from mmdet.registry import TRANSFORMS
from mmengine.dataset import BaseDataset, ClassBalancedDataset, ConcatDataset, DefaultSampler, RepeatDataset
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, Subset

from cft.engine.seeded_batches import SeededBatch, SeededBatches, seed_batches


def draw() -> list[float]:
    """One number of each generator that augmentation uses."""
    return [random.random(), float(np.random.rand()), float(torch.rand(()))]


class Draws(Dataset):
    """Samples (index, three random numbers)."""

    metainfo = {'classes': ('a', 'b')}

    def __init__(self, length: int = 10) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> list[float]:
        assert type(index) is int
        return [index, *draw()]


class Images(BaseDataset):
    """An MMEngine data set, of upright images and others."""

    METAINFO = {'classes': ('a', 'b')}

    def load_data_list(self) -> list[dict]:
        return [{'number': n, 'width': 1 + n % 2, 'height': 2 - n % 2, 'category': n % 2} for n in range(10)]

    def get_cat_ids(self, index: int) -> list[int]:
        return [self.get_data_info(index)['category']]


def augment(sample: dict) -> list[float]:
    return [sample['sample_idx'], *draw()]


@TRANSFORMS.register_module()
class AddOther:
    """Stands for mosaic: a second image, at random."""

    def get_indexes(self, dataset: Dataset) -> int:
        return random.randint(0, len(dataset) - 1)

    def __call__(self, sample: dict) -> dict:
        return {**sample, 'other': sample['mix_results'][0]['number'], 'mix_results': []}


def images() -> Images:
    return Images(pipeline=[augment])


def mixing() -> Dataset:
    return MultiImageMixDataset(Images(), [{'type': 'AddOther'}])


def loaded(dataset: Dataset, workers: int, passes: int = 2, **settings: object) -> list:
    """The batches of two passes that a training loop would make."""
    loader = DataLoader(dataset, num_workers=workers, collate_fn=list, **({'batch_size': 3} | settings))
    batches = seed_batches(loader, seed=1, rank=0)
    found = []
    for number in range(passes):
        batches.begin(number * len(loader))
        found += list(loader)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    'make',
    [
        Draws,
        lambda: Subset(Draws(), [4, 2, 7, 1, 0]),
        images,
        lambda: ConcatDataset([images(), images()]),
        lambda: RepeatDataset(images(), times=2),
        lambda: ClassBalancedDataset(images(), oversample_thr=0.9),
        mixing,
    ],
    ids=['plain', 'subset', 'mmengine', 'concat', 'repeat', 'class_balanced', 'multi_image_mix'],
)
def test_number_of_workers(make: Callable[[], Dataset]) -> None:
    """Also with persistent workers; the second pass draws anew."""
    expected = loaded(make(), workers=0)
    for settings in ({'workers': 1}, {'workers': 3, 'prefetch_factor': 4}, {'workers': 2, 'persistent_workers': True}):
        assert loaded(make(), **settings) == expected
    first, second = expected[: len(expected) // 2], expected[len(expected) // 2 :]
    assert [len(batch) for batch in first] == [len(batch) for batch in second] and first != second


def test_no_two_samples_draw_the_same() -> None:
    samples = [sample for batch in loaded(Draws(), workers=0) for sample in batch]
    assert [index for index, *_ in samples] == [*range(10)] * 2
    for generator in (1, 2, 3):
        assert len({sample[generator] for sample in samples}) == 20


def test_key() -> None:
    """Each part of it matters, and nothing else: not what was drawn before, nor the length of the batch."""
    numbers = [draw() for _ in SeededBatch([0, 1], (0, 0, 5, 2))]
    random.seed(9), np.random.seed(9), torch.manual_seed(9)
    assert [draw() for _ in SeededBatch([7, 3, 8], (0, 0, 5, 2))][:2] == numbers
    for key in ((1, 0, 5, 2), (0, 1, 5, 2), (0, 0, 6, 2), (0, 0, 5, 3)):
        others = [draw() for _ in SeededBatch([0, 1], key)]
        assert not {value for row in others for value in row} & {value for row in numbers for value in row}


def test_the_model_does_not_notice() -> None:
    """Fetching in the main process leaves the generators as they were, also when a sample cannot be read."""
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    expected = draw()
    for fail in (False, True):
        random.seed(3), np.random.seed(3), torch.manual_seed(3)
        batch = iter(SeededBatch([0, 1], (0, 0, 0, 2)))
        for _ in batch:
            draw()
            if fail:
                batch.close()
        assert draw() == expected


@pytest.mark.slow
@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_pickled(method: str) -> None:
    batch = SeededBatch([4, 2], (0, 0, 5, 2))
    copy = pickle.loads(pickle.dumps(batch))
    assert (copy.indices, copy.key, len(copy), copy[1]) == ([4, 2], (0, 0, 5, 2), 2, 2)
    context = multiprocessing.get_context(method)
    expected = loaded(Draws(4), workers=0, passes=1)
    assert loaded(Draws(4), workers=1, passes=1, multiprocessing_context=context) == expected


def test_data_loader_keeps_its_attributes() -> None:
    """Hooks ask for them."""
    dataset = Draws()
    loader = DataLoader(dataset, batch_size=4, drop_last=True, sampler=DefaultSampler(dataset, seed=0))
    plain = loader.batch_sampler
    batches = seed_batches(loader, seed=0, rank=0)
    assert loader.dataset is dataset and loader.dataset.metainfo == Draws.metainfo
    assert (len(loader), loader.batch_size, loader.drop_last) == (2, 4, True)
    assert isinstance(loader.sampler, DefaultSampler) and batches.sampler is loader.sampler
    assert (batches.batch_size, batches.batch_sampler) == (4, plain)
    loader.sampler.set_epoch(3)
    assert [batch.indices for batch in loader.batch_sampler] == list(plain)
    copy = pickle.loads(pickle.dumps(batches))
    assert copy.batch_size == 4 and not hasattr(copy, 'no_such_name')


def test_aspect_ratio_batches_of_mmdet() -> None:
    """Dropping draws the batches, which depend on the images' shapes, without loading one."""
    dataset = Images()
    sampler = AspectRatioBatchSampler(DefaultSampler(dataset, shuffle=True, seed=0), batch_size=2)
    expected = list(sampler)
    batches = SeededBatches(sampler, seed=0, rank=0)
    assert batches.begin(iteration=4, drop=3) == 3
    rest = list(batches)
    assert [batch.indices for batch in rest] == expected[3:] and [batch.key[2] for batch in rest] == [4, 5]
    assert [batch.indices for batch in batches] == expected


def test_dropped_batches() -> None:
    """The rest of a pass draws as the whole pass does; a pass has no more than it has."""
    batches = SeededBatches(BatchSampler(range(7), 3, drop_last=False), seed=0, rank=2)
    assert batches.begin(0) == 0
    whole = [(batch.indices, batch.key) for batch in batches]
    assert [indices for indices, _ in whole] == [[0, 1, 2], [3, 4, 5], [6]]
    for drop in (1, 2, 3):
        assert batches.begin(drop, drop) == drop
        assert [(batch.indices, batch.key) for batch in batches] == whole[drop:]
    assert batches.begin(5, drop=5) == 3


def test_a_pass_outside_the_training_loop_draws_otherwise() -> None:
    """As that before the first epoch which clusters all images."""
    batches = SeededBatches([[0]], seed=0, rank=0)
    before = [batch.key for batch in batches]
    batches.begin(0)
    assert before == [(0, 0, 0, 3)] and [batch.key for batch in batches] == [(0, 0, 0, 2)]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(7))


@pytest.mark.parametrize('loader', [DataLoader(Stream(), batch_size=2), DataLoader(Draws(), batch_size=None)])
def test_data_without_batches_of_indices_are_left_alone(loader: DataLoader) -> None:
    before = loader.batch_sampler
    assert seed_batches(loader, seed=0, rank=0) is None
    assert loader.batch_sampler is before and len(list(loader)) in (4, 10)
