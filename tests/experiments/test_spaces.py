"""Spaces of settings: read for a config, sampled evenly, and those that come with cft as the papers have them."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from cft.apis import load_config
from cft.apis.searching.spaces import list_spaces, load_space
from cft.errors import ConfigError
from cft.experiments.spaces import Parameter, Space, read_space
from tests.support.digits_runs import BASELINES, CONFIGS, FINE_TUNING

CONFIG = {
    'optim_wrapper': {'optimizer': {'lr': 0.02, 'weight_decay': 0.0}},
    'model': {'head': {'contrastive': {'loss_weight': 0.1}, 'loss_weights': {'loss_ce': 0.1, 'loss_con': 0.9}}},
    'custom_hooks': [{'stages': [{'fraction': 0.7}]}],
}
TASKS = ('folder', 'folder_seg', 'folder_det', 'folder_dg')


def space_of(tmp_path: Path, text: str, points: str = '') -> Space:
    path = tmp_path / 'mine.yaml'
    path.write_text(f'parameters:\n  p: {text}\n{points}')
    return read_space(path, CONFIG)


def test_what_a_parameter_says(tmp_path: Path) -> None:
    assert space_of(tmp_path, '{settings: optim_wrapper.optimizer.lr, factor: [0.1, 10], scale: log}').parameters == {
        'p': Parameter('p', ('optim_wrapper.optimizer.lr',), own=0.02, low=0.002, high=0.2, log=True)
    }
    mixed = space_of(tmp_path, "{settings: '*.loss_con', complements: '*.loss_ce', range: [0, 1]}").parameters['p']
    assert mixed.overrides(0.7) == {'model.head.loss_weights.loss_con': 0.7, 'model.head.loss_weights.loss_ce': 0.3}
    staged = space_of(tmp_path, "{settings: 'custom_hooks.*.fraction', values: [0.5, 0.7]}")
    assert staged.parameters['p'].settings == ('custom_hooks.0.stages.0.fraction',)
    # Of 0 there are no multiples.
    decay = '{settings: optim_wrapper.optimizer.weight_decay, factor: [0.1, 10], range: [0.001, 0.1], scale: log}'
    assert (space_of(tmp_path, decay).parameters['p'].low, space_of(tmp_path, decay).parameters['p'].high) == (
        0.001,
        0.1,
    )


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{settings: optim_wrapper.optimizer.lrr, range: [0, 1]}', 'has no .*lrr; did you mean .*optimizer.lr'),
        ("{settings: '*.pairs.alpha', range: [0, 1]}", 'take a space that is made for it|did you mean'),
        ('{range: [0, 1]}', 'settings must name a setting'),
        ('{settings: model.head, range: [1, 0]}', 'the smaller first'),
        ('{settings: model.head, range: [0, 1], values: [1, 2]}', 'one of range, factor and values'),
        ('{settings: model.head, values: [1]}', 'two or more'),
        ('{settings: model.head, range: [0, 1], scale: log}', 'begins above 0'),
        ('{settings: model.head, range: [0, 1], scale: logarithmic}', 'log or linear'),
        ('{settings: optim_wrapper.optimizer.weight_decay, factor: [1, 2]}', 'no multiples'),
        ('{settings: model.head, rage: [0, 1]}', 'one of range'),
        ('{settings: model.head, range: [0, 1], step: 2}', "'step' is unknown"),
        ('{settings: model.head, range: [0, .nan]}', 'two numbers'),
        ('3', 'give settings and'),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        space_of(tmp_path, text)


def test_other_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'q' is unknown; there are p"):
        space_of(tmp_path, '{settings: optim_wrapper.optimizer.lr, range: [0, 1]}', 'points: [{q: 1}]')
    for text in ('', 'parameters: []', '!!python/object/apply:os.system [true]', 'parameters: {a: [', '\0'):
        (tmp_path / 'bad.yaml').write_text(text)
        with pytest.raises(ConfigError, match='bad.yaml'):
            read_space(tmp_path / 'bad.yaml', CONFIG)
    with pytest.raises(ConfigError, match='no space nowhere; give a .yaml file, or one of .*, ce, '):
        load_space(load_config('quickstart/ce_digits'), 'nowhere')
    with pytest.raises(ConfigError, match='no method'):
        load_space(load_config('ce/folder', {'backbone': 'resnet18'}).__class__({'model': {}}))


@pytest.mark.parametrize('count', [1, 2, 9, 40])
def test_samples_reach_the_whole_range(count: int) -> None:
    """The first is the config; of the others each stratum of each parameter has one, by an own count."""
    space = Space(
        'x',
        {
            'a': Parameter('a', ('a',), low=-1.0, high=3.0),
            'b': Parameter('b', ('b',), low=1e-4, high=1e-1, log=True),
            'c': Parameter('c', ('c',), values=('x', 'y')),
        },
    )
    points = space.sample(count, seed=3)
    assert len(points) == count and points[0] == {} and points == space.sample(count, seed=3)
    rest = points[1:]
    if not rest:
        return
    shares = {
        'a': [(point['a'] + 1) / 4 for point in rest],
        'b': [np.log(point['b'] / 1e-4) / np.log(1e3) for point in rest],
    }
    for values in shares.values():
        # Values are rounded to four digits, some of them over the edge of their stratum.
        strata = sorted(np.clip(np.asarray(values) * len(rest), 0, len(rest) - 1e-9))
        assert np.abs(np.asarray(strata) - np.arange(len(rest)) - 0.5).max() <= 0.5 + 1e-2 * len(rest)
    counts = [sum(point['c'] == value for point in rest) for value in 'xy']
    assert abs(counts[0] - counts[1]) <= 1
    if count > 2:
        assert points != space.sample(count, seed=4)


@pytest.mark.parametrize('method', [*FINE_TUNING, *BASELINES])
def test_every_method_has_a_space_for_every_task(method: str) -> None:
    """Each setting is in each config, the config's own value and the published points lie in the ranges."""
    for task in TASKS:
        if method in BASELINES and not (CONFIGS / method / f'{task}.py').is_file():
            continue
        cfg = load_config(f'{method}/{task}', {'backbone': 'resnet18'})
        space = load_space(cfg)
        # L2-SP and DELTA have a decay of their own.
        decay = set() if method in ('l2sp', 'delta') else {'weight_decay'}
        assert space.name == method and {'learning_rate', *decay} <= set(space.parameters)
        for point in [*space.points, {name: p.own for name, p in space.parameters.items() if p.own != 0}]:
            for name, value in point.items():
                parameter = space.parameters[name]
                inside = value in parameter.values if parameter.values else parameter.low <= value <= parameter.high
                assert inside, (task, name, value)
        for overrides in space.sample(3, seed=0):
            changed = load_config(f'{method}/{task}', {'backbone': 'resnet18', **overrides})
            assert all(_at(changed, name) == value for name, value in overrides.items())
        # What has no effect in this task would not be searched in vain.
        assert not any('method_head' in name for p in space.parameters.values() for name in p.settings)
    digits = load_space(load_config(f'quickstart/{method}_digits'))
    assert digits.name == method


def _at(cfg: object, place: str) -> object:
    for key in place.split('.'):
        cfg = cfg[int(key)] if isinstance(cfg, list) else cfg[key]
    return cfg


def test_published_grids() -> None:
    """As the papers print them."""
    expected = {
        'coretuning': {'learning_rate': [0.01, 0.1], 'batch_size': [64, 128, 256], 'eta': [0.1, 1, 10],
                       'alpha': [0.1, 1, 10]},
        'ce': {'learning_rate': [0.01, 0.1], 'batch_size': [64, 128, 256]},
        'coin': {'alpha': [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 'tau': [0.07, 0.1, 0.3, 0.5, 0.7]},
        'schane': {'lambda': [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0], 'tau': [0.1, 0.3, 0.5, 0.7]},
    }  # fmt: skip
    for method, grid in expected.items():
        cfg = load_config(f'{method}/folder', {'backbone': 'resnet18'})
        space = load_space(cfg, f'{method}_published')
        assert {name: list(parameter.values) for name, parameter in space.parameters.items()} == grid
        for combination in itertools.islice(itertools.product(*grid.values()), 3):
            load_config(cfg.filename, space.overrides(dict(zip(grid, combination, strict=True))))
    assert set(list_spaces()) == {*FINE_TUNING, *BASELINES, *(f'{method}_published' for method in expected)}
    table_2 = {(0.1, 1), (1, 0.1), (0.1, 0.1), (10, 1)}
    points = load_space(load_config('coretuning/folder', {'backbone': 'resnet18'})).points
    assert {(point['eta'], point['alpha']) for point in points} == table_2
