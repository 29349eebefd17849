"""The scope in which these models are built."""

from collections.abc import Iterator

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True, scope='module')
def mmpretrain_scope() -> Iterator[None]:
    """Names without a scope are mmpretrain's, whatever a runner of another test has left behind."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield
