"""The scope in which these models are built."""

from collections.abc import Iterator

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True, scope='module')
def mmdet_scope() -> Iterator[None]:
    """Names without a scope are mmdet's, whatever a runner of another test has left behind."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield
