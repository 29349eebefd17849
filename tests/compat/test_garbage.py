"""Data sets read their lists without looking through all objects of the process."""

import gc
import weakref
from collections.abc import Iterator

import pytest
from mmengine.dataset import BaseDataset

import cft  # noqa: F401 - what it does to MMEngine is tested


class Sample(dict):
    """A dict that can be watched."""


class Samples(BaseDataset):
    def load_data_list(self) -> list[dict]:
        self.read = [Sample(number=number, labels=[number]) for number in range(5)]
        self.watched = [weakref.ref(sample) for sample in self.read]
        found, self.read = self.read, []
        return found


@pytest.fixture
def generations() -> Iterator[list[int]]:
    """Of each collection that begins."""
    found: list[int] = []

    def note(phase: str, info: dict) -> None:
        if phase == 'start':
            found.append(info['generation'])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def test_no_full_collection_and_nothing_is_kept(generations: list[int]) -> None:
    gc.disable()
    try:
        samples = Samples(serialize_data=True)
    finally:
        gc.enable()
    assert generations == [0]
    assert samples.data_list == [] and not any(sample() for sample in samples.watched)
    assert [samples.get_data_info(index)['number'] for index in range(5)] == [*range(5)]


def test_gc_itself_stays(generations: list[int]) -> None:
    gc.collect()
    assert generations == [2]
