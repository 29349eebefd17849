"""NumClassesCheckHook: heads of classifiers, segmentors and detectors."""

from types import SimpleNamespace

import pytest
from torch import nn

from cft.engine.hooks import NumClassesCheckHook
from cft.errors import ConfigError

PHASES = ('train', 'val', 'test')


def head(num_classes: int | None = None) -> nn.Module:
    module = nn.Module()
    if num_classes is not None:
        module.num_classes = num_classes
    return module


def model(**heads: nn.Module) -> nn.Module:
    """A model with these heads; ``roi_head__bbox_head`` is one inside another."""
    built = nn.Module()
    for name, module in heads.items():
        *parents, last = name.split('__')
        place = built
        for parent in parents:
            if not hasattr(place, parent):
                setattr(place, parent, nn.Module())
            place = getattr(place, parent)
        setattr(place, last, module)
    return built


def check(network: nn.Module, classes: tuple[str, ...] | None = ('a', 'b', 'c'), phase: str = 'train') -> None:
    """Call the hook as the loop of that phase does; the other loops' data has no classes."""
    runner = SimpleNamespace(model=network)
    for name in PHASES:
        metainfo = {'classes': classes} if name == phase and classes is not None else {}
        setattr(runner, f'{name}_dataloader', SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo)))
        setattr(runner, f'{name}_loop', SimpleNamespace(evaluator=SimpleNamespace(metrics=[])))
    getattr(NumClassesCheckHook(), f'before_{phase}')(runner)


@pytest.mark.parametrize('phase', PHASES)
@pytest.mark.parametrize(
    'name', ['head', 'decode_head', 'auxiliary_head', 'roi_head__bbox_head', 'roi_head__mask_head']
)
def test_every_head_in_every_phase(name: str, phase: str) -> None:
    """The message names place, numbers and classes, and the option that mends it."""
    check(model(**{name: head(3)}), phase=phase)
    place = 'model.' + name.replace('__', '.')
    with pytest.raises(ConfigError) as error:
        check(model(**{name: head(4)}), phase=phase)
    assert str(error.value) == (
        f'{place}.num_classes is 4, but the data has 3 classes (a, b, c); set --cfg-options {place}.num_classes=3'
    )


def test_all_wrong_heads_are_named_at_once() -> None:
    network = model(decode_head=head(21), auxiliary_head=head(3))
    with pytest.raises(ConfigError, match=r'^model\.decode_head\.num_classes is 21, but'):
        check(network)
    network = model(roi_head__bbox_head=head(80), roi_head__mask_head=head(1))
    with pytest.raises(ConfigError) as error:
        check(network, tuple('abcdef'))
    assert str(error.value) == (
        'model.roi_head.bbox_head.num_classes is 80, model.roi_head.mask_head.num_classes is 1, '
        'but the data has 6 classes (a, b, c, d, e, ...); set --cfg-options '
        'model.roi_head.bbox_head.num_classes=6 model.roi_head.mask_head.num_classes=6'
    )


@pytest.mark.parametrize('name', ['auxiliary_head', 'roi_head__bbox_head'])
def test_lists_of_heads(name: str) -> None:
    """Several auxiliary heads of a segmentor, the stages of a cascade: each counts."""
    check(model(**{name: nn.ModuleList([head(3), head(3)])}))
    with pytest.raises(ConfigError, match='num_classes is 4, but the data has 3 classes'):
        check(model(**{name: nn.ModuleList([head(3), head(4)])}))


def test_a_head_of_another_task() -> None:
    """Nobody has to list it; what tells objects from background, or other classes, is not compared."""
    check(model(depth_head=head(3), rpn_head=head(1), roi_head__semantic_head=head(183)))
    with pytest.raises(ConfigError, match=r'model\.tracker\.identity_head\.num_classes is 4, but'):
        check(model(tracker__identity_head=head(4)))


def test_nothing_to_compare() -> None:
    """Heads without a number, models without heads, data without classes."""
    check(model(head=head(), roi_head__bbox_head=head()))
    check(model())
    check(model(head=head(5)), classes=None)


def test_behind_a_wrapper() -> None:
    wrapped = nn.Module()
    wrapped._orig_mod = model(decode_head=head(2))
    with pytest.raises(ConfigError, match=r'model\.decode_head\.num_classes is 2'):
        check(wrapped)
