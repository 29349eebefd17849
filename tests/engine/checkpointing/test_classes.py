"""Classes of checkpoint and data: by name, in their order."""

import logging
from types import SimpleNamespace

import pytest
from mmengine.logging import MMLogger
from torch import nn

from cft.engine.checkpointing.classes import check_classes, classes_of
from cft.errors import ConfigError


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    MMLogger.get_instance('told', log_level='INFO').addHandler(caplog.handler)
    return caplog


def check(written: object, data: object, purpose: str, heads: bool = True) -> None:
    model = nn.Module()
    model.head = nn.Module()
    if heads:
        model.head.num_classes = 3
    content = {'meta': {'dataset_meta': {'classes': written}}} if written else {'state_dict': {}}
    check_classes(model, content, SimpleNamespace(metainfo={'classes': data} if data else {}), 'a.pth', purpose)


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        ({'meta': {'dataset_meta': {'classes': ['a', 'b']}}}, ('a', 'b')),
        ({'meta': {'dataset_meta': {'CLASSES': ('a', 'b')}}}, ('a', 'b')),
        ({'meta': {'CLASSES': ('a', 'b')}}, ('a', 'b')),
        ({'meta': {'dataset_meta': {'classes': (3, 4)}}}, ('3', '4')),
        ({'meta': {'dataset_meta': None}}, None),
        ({'meta': {'dataset_meta': {'classes': ()}}}, None),
        ({'meta': 'x'}, None),
        ({}, None),
        (None, None),
    ],
)
def test_where_checkpoints_name_them(content: object, expected: object) -> None:
    assert classes_of(content) == expected


@pytest.mark.parametrize('purpose', ['resume', 'test', 'start'])
def test_the_same_or_not_comparable(purpose: str, told: pytest.LogCaptureFixture) -> None:
    check(['a', 'b', 'c'], ('a', 'b', 'c'), purpose)
    check('abc', None, purpose)
    check(('a',), ('b', 'c'), purpose, heads=False)
    assert not told.records


@pytest.mark.parametrize(
    ('written', 'purpose', 'message'),
    [
        (
            ('b', 'a', 'c'),
            'test',
            r"tested .*another order: class 0 is 'b' there and 'a' in.*classes=\['b', 'a', 'c'\]",
        ),
        (('b', 'a', 'c'), 'resume', r'resumed .*another order.*load_from=a.pth and without resume'),
        (('b', 'a', 'c'), 'start', r'trained .*another order.*backbone alone with checkpoint=FILE'),
        (('a', 'b', 'd'), 'test', r"tested .*other classes than the data: class 2 is 'd' there and 'c' in the data"),
        (('a', 'b', 'd'), 'resume', r"resumed .*other classes than the data: class 2 is 'd'"),
        (('a', 'b'), 'test', r'tested .*it has 2 classes \(a, b\), the data 3 \(a, b, c\); test it on data of its own'),
        (tuple('abcdefg'), 'resume', r'resumed .*it has 7 classes \(a, b, c, d, e, \.\.\.\), the data 3 \(a, b, c\)'),
    ],
)
def test_other_ones(written: tuple[str, ...], purpose: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f'^a.pth cannot be {message}'):
        check(written, ('a', 'b', 'c'), purpose)


def test_a_start_on_other_classes(told: pytest.LogCaptureFixture) -> None:
    """As many others: the classifier does not begin anew, which is told. Another number: it does."""
    check(('a', 'b'), ('a', 'b', 'c'), 'start')
    assert not told.records
    check(('x', 'b', 'c'), ('a', 'b', 'c'), 'start')
    (record,) = told.records
    assert record.levelno == logging.WARNING and 'the classifier begins with the weights of those' in record.message


@pytest.mark.parametrize('purpose', ['test', 'resume'])
def test_a_checkpoint_that_names_none(purpose: str, told: pytest.LogCaptureFixture) -> None:
    check(None, ('a', 'b', 'c'), purpose)
    assert (
        'a.pth does not name its classes: they are taken to be those of the data, in this order: a, b, c' in told.text
    )
