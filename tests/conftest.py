"""Settings of all tests."""

import os
import signal
from collections.abc import Iterator

# One thread each: the tests run small models, and several start processes of their own.
os.environ.setdefault('OMP_NUM_THREADS', '1')

import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--slow', action='store_true', help='run the slow tests, too')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files of few long tests first: left to the end, one of them would keep a single core busy."""
    if not config.getoption('--slow'):
        for item in items:
            if item.get_closest_marker('slow'):
                item.add_marker(pytest.mark.skip(reason='slow; --slow runs it'))
    long = ('training', 'distributed', 'tools', 'configs', 'test_task_configs.py')
    items.sort(key=lambda item: not any(part in long for part in item.path.parts))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has started the tests in the background; what they start would ignore Ctrl-C as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
