"""Settings from the command line: what a text means, and what a new type keeps."""

import pytest
from mmengine.config import ConfigDict

from cft.apis import load_config
from cft.apis.configs.overrides import apply_overrides, read_value
from cft.errors import ConfigError


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('3', 3),
        ('-0.5', -0.5),
        ('1e-4', 1e-4),
        ('1/255', 1 / 255),
        ('2*3', 6),
        ('inf', float('inf')),
        ('true', True),
        ('False', False),
        ('None', None),
        ('[4, 8]', [4, 8]),
        ('4,8', [4, 8]),
        ('(4, 8)', (4, 8)),
        ('()', ()),
        ('(1, 2), (3, 4)', [(1, 2), (3, 4)]),
        ('((1, 2), 3)', ((1, 2), 3)),
        ("{'a': [1]}", {'a': [1]}),
        ("dict(type='cft.SupConLoss', temperature=0.1)", {'type': 'cft.SupConLoss', 'temperature': 0.1}),
        ('dict(a=dict(b=[dict(c=-1)]))', {'a': {'b': [{'c': -1}]}}),
        ('word', 'word'),
        ('a,b', ['a', 'b']),
        ('cft.SupConLoss', 'cft.SupConLoss'),
        ('[art,photo]', ['art', 'photo']),
        ('[true, 1]', [True, 1]),
        ('dict(type=cft.SupConLoss)', {'type': 'cft.SupConLoss'}),
    ],
)
def test_values_without_a_present_one(text: str, value: object) -> None:
    found = read_value('x', text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize('text', ['my flowers', '2024', 'a, b', '  blanks ', "'quoted'", '1e3', '[x]', 'True'])
@pytest.mark.parametrize('name', ['data_root', 'work_dir', 'train_dataloader.dataset.data_root', 'model.name'])
def test_text_is_taken_literally(name: str, text: str) -> None:
    """Where the config has text, and for paths."""
    assert read_value(name, text, present='text') == text


@pytest.mark.parametrize('name', ['checkpoint', 'load_from', 'data_root', 'work_dir'])
def test_none_empties_only_what_may_be_empty(name: str) -> None:
    expected = None if name in ('checkpoint', 'load_from') else 'None'
    assert read_value(name, 'None', present='before') == expected
    assert read_value(name, '2024', present=None) == '2024'


def test_a_hook_called_checkpoint_is_no_path() -> None:
    assert read_value('default_hooks.checkpoint', 'None', present={'type': 'CheckpointHook'}) is None


@pytest.mark.parametrize('text', ['abc', 'dataset', '4x'])
def test_a_number_gives_way_to_numbers_only(text: str) -> None:
    with pytest.raises(ConfigError, match=f"epochs={text}: the value is 100 now, and '{text}' is no number"):
        read_value('epochs', text, present=100)


@pytest.mark.parametrize('text', ['[1, 2', "dict(type='a'", '[a-b]', 'dict(1)', '{a}', '(1 + x)', 'dict(a=f(1))'])
def test_brackets_without_a_literal(text: str) -> None:
    """No code is run, and no text is taken for what was meant as a list."""
    with pytest.raises(ConfigError, match='no Python literal'):
        read_value('x', text)


@pytest.mark.parametrize('text', ['data_root', '=3', ''])
def test_no_name_or_no_value(text: str) -> None:
    with pytest.raises(ConfigError, match='is not NAME=VALUE'):
        load_config('ce/r50_folder', [text])


def model() -> ConfigDict:
    pairs = dict(type='cft.HardPairMixup', alpha=1.0, negative_threshold=0.8)
    head = dict(type='cft.ContrastiveClsHead', num_classes=3, contrastive=dict(pairs=pairs))
    return ConfigDict(model=dict(head=head), hooks=[dict(type='A', x=1), dict(type='B')])


def test_a_new_type_keeps_only_what_is_given_beside_it(capsys: pytest.CaptureFixture) -> None:
    cfg = model()
    apply_overrides(
        cfg, ['model.head.contrastive.pairs.type=cft.ManifoldMixup', 'model.head.contrastive.pairs.alpha=0.5']
    )
    assert cfg.model.head.contrastive.pairs == dict(type='cft.ManifoldMixup', alpha=0.5)
    assert cfg.model.head.num_classes == 3
    told = capsys.readouterr().out
    assert 'cft.HardPairMixup gives way to cft.ManifoldMixup; its settings negative_threshold go with it' in told


def test_the_same_type_keeps_all() -> None:
    cfg = model()
    apply_overrides(cfg, ['model.head.contrastive.pairs.type=cft.HardPairMixup'])
    assert cfg == model()


def test_a_dict_is_merged_or_replaces() -> None:
    cfg = model()
    apply_overrides(cfg, ['model.head=dict(num_classes=5)'])
    assert (cfg.model.head.num_classes, cfg.model.head.type) == (5, 'cft.ContrastiveClsHead')
    apply_overrides(cfg, ["model.head=dict(type='LinearClsHead', in_channels=7)"])
    assert cfg.model.head == dict(type='LinearClsHead', in_channels=7)


def test_entries_of_lists() -> None:
    cfg = model()
    apply_overrides(cfg, {'hooks.0.x': 2, 'hooks.1': {'type': 'C'}})
    assert cfg.hooks == [dict(type='A', x=2), dict(type='C')]


def test_what_was_off_can_be_built() -> None:
    cfg = load_config('quickstart/scl_digits', ["model.head.contrastive.projector=dict(type='cft.MLPProjector')"])
    assert cfg.model.head.contrastive.projector == dict(type='cft.MLPProjector')


@pytest.mark.parametrize(
    ('config', 'override', 'value'),
    [
        ('coretuning/r50_folder', 'model.head.contrastive.pairs.positive_threshold', 0.8),
        ('hexa/moco_r50_imagenet', 'model.hard_examples.adversarial_cutmix_weight', 1.0),
    ],
)
def test_an_argument_that_is_like_another_is_no_slip(config: str, override: str, value: float) -> None:
    cfg = load_config(config, [f'{override}={value}'])
    *outer, last = override.split('.')
    node = cfg
    for key in outer:
        node = node[key]
    assert node[last] == value


def test_a_slip_in_an_argument_is_told_all_the_same() -> None:
    with pytest.raises(ConfigError, match="unknown name 'negative_treshold'; did you mean 'negative_threshold'"):
        load_config('coretuning/r50_folder', ['model.head.contrastive.pairs.negative_treshold=0.5'])


def test_hooks_that_a_list_replaces_are_told(capsys: pytest.CaptureFixture) -> None:
    """COIN's two stages are a hook; one among default_hooks stands beside it."""
    load_config('coin/r50_cifar10', ["custom_hooks=[dict(type='cft.RIFLEHook')]"])
    assert 'custom_hooks: cft.StageSwitchHook of the config go' in ' '.join(capsys.readouterr().out.split())
    cfg = load_config('coin/r50_cifar10', ['default_hooks.rifle.type=cft.RIFLEHook'])
    load_config('coin/r50_cifar10', {'custom_hooks': [*cfg.custom_hooks, {'type': 'cft.RIFLEHook'}]})
    assert cfg.custom_hooks[0].type == 'cft.StageSwitchHook' and cfg.default_hooks.rifle.type == 'cft.RIFLEHook'
    assert not capsys.readouterr().out
