"""Settings of all tests; its folder is on the import path, for oracles.py and comparison.py."""

import os
from collections.abc import Iterator

# One thread each: the tests run small models, and several start processes of their own.
os.environ.setdefault('OMP_NUM_THREADS', '1')

import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line('markers', 'slow: takes more than about ten seconds; -m "not slow" leaves it out')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few long tests first: left to the end, one of them would keep a single core busy."""
    long = ('training', 'distributed', 'tools', 'configs')
    items.sort(key=lambda item: not any(part in long for part in item.path.parts))


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def forget_earlier_runs() -> None:
    """MMEngine keeps loggers by name for the whole process; one of an earlier test writes to a closed stream."""
    for singleton in (MMLogger, MessageHub, Visualizer):
        singleton._instance_dict.clear()


def keep_default_scope() -> Iterator[None]:
    """A runner sets the scope of names without one for the whole process, and leaves it to whatever runs next."""
    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)


default_scope_of_modules = pytest.fixture(keep_default_scope, autouse=True, scope='module')
default_scope_of_tests = pytest.fixture(keep_default_scope, autouse=True)
