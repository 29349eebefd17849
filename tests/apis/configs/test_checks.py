"""check_config: every type of our configs is registered, and a wrong one is found wherever it stands."""

import copy
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.configs.checks import check_config
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError
from tests.support.data_set_configs import DIFFERENT_CONFIGS

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'


@pytest.fixture(scope='module')
def coretuning() -> Config:
    return load_config(CONFIGS / 'coretuning' / 'r50_folder.py')


@pytest.mark.parametrize('name', DIFFERENT_CONFIGS)
def test_our_configs_pass(name: str) -> None:
    check_config(load_config(name))


@pytest.mark.parametrize('name', ['coretuning/r50_folder', 'quickstart/sce_digits'])
def test_no_place_is_overlooked(name: str) -> None:
    """A letter too many in any one of the types: the message gives the place and the right name."""
    cfg = load_config(CONFIGS / f'{name}.py')
    places = [(where, node) for where, node in iterate_dicts(cfg._cfg_dict) if isinstance(node.get('type'), str)]
    assert len(places) > 30
    for where, node in places:
        right = node['type']
        node['type'] = f'{right}e'
        with pytest.raises(ConfigError) as error:
            check_config(cfg)
        message = f"{where}.type: no component is registered as '{right}e'; did you mean '{right}'?"
        assert str(error.value) == message
        node['type'] = right
    check_config(cfg)


@pytest.mark.parametrize(
    ('place', 'wrong', 'right'),
    [
        ('model.head', 'cft.ContrastivClsHead', 'cft.ContrastiveClsHead'),
        ('model.head.contrastive.loss', 'cft.FocalSupconLoss', 'cft.FocalSupConLoss'),
        ('model.head.contrastive.pairs', 'cft.HardPairMixUp', 'cft.HardPairMixup'),
        ('model.neck', 'GlobalAvgPooling', 'GlobalAveragePooling'),
        ('default_hooks.num_classes_check', 'cft.NumClassCheckHook', 'cft.NumClassesCheckHook'),
        ('default_hooks.logger', 'LogerHook', 'LoggerHook'),
        ('train_dataloader.dataset.pipeline[1]', 'RandomResizeCrop', 'RandomResizedCrop'),
        ('train_dataloader.dataset', 'cft.Imagefolder', 'cft.ImageFolder'),
        ('optim_wrapper.optimizer', 'SGDM', 'SGD'),
        ('param_scheduler', 'CosineAnealingLR', 'CosineAnnealingLR'),
        ('val_evaluator', 'Acuracy', 'Accuracy'),
    ],
)
def test_usual_mistakes(coretuning: Config, place: str, wrong: str, right: str) -> None:
    """Kinds of parts that people write by hand, with the place as in the config."""
    cfg = copy.deepcopy(coretuning)
    dict(iterate_dicts(cfg._cfg_dict))[place]['type'] = wrong
    with pytest.raises(ConfigError) as error:
        check_config(cfg)
    assert str(error.value) == f'{place}.type: no component is registered as {wrong!r}; did you mean {right!r}?'


@pytest.mark.parametrize('wrong', ['Zzyzx', 'unknown_package.Thing', 'cft.Zzyzx'])
def test_nothing_like_it(coretuning: Config, wrong: str) -> None:
    """A part of one's own whose module was not imported is the likely reason."""
    cfg = copy.deepcopy(coretuning)
    cfg.model.head.contrastive.loss.type = wrong
    with pytest.raises(ConfigError, match=rf"model\.head\.contrastive\.loss\.type: .*'{wrong}'; .*custom_imports"):
        check_config(cfg)


def test_types_that_are_not_names_or_belong_to_a_path(coretuning: Config) -> None:
    """MMEngine also builds classes, full Python paths and names with the scope of any library."""
    cfg = copy.deepcopy(coretuning)
    cfg.optim_wrapper.optimizer.type = 'torch.optim.SGD'
    cfg.model.neck.type = 'mmpretrain.GlobalAveragePooling'
    cfg.default_hooks.logger.type = 'mmengine.LoggerHook'
    check_config(cfg)


def test_missing_checkpoint_of_the_backbone() -> None:
    """Named with its place, before minutes of building and loading."""
    cfg = load_config(CONFIGS / 'quickstart' / 'scl_digits.py', {'checkpoint': 'nowhere.pth'})
    with pytest.raises(ConfigError, match=r'^checkpoint: no checkpoint nowhere\.pth'):
        check_config(cfg)


def test_missing_checkpoint_to_load(tmp_path: Path) -> None:
    """The file of --resume or of tools/test.py; None and addresses are not looked for."""
    cfg = load_config(CONFIGS / 'quickstart' / 'scl_digits.py', {'load_from': 'nowhere.pth'})
    with pytest.raises(ConfigError, match=r'^load_from: no checkpoint nowhere\.pth'):
        check_config(cfg)
    (tmp_path / 'there.pth').touch()
    for value in (None, 'https://example.org/file.pth', str(tmp_path / 'there.pth')):
        cfg.load_from = value
        check_config(cfg)


def test_unknown_default_scope() -> None:
    cfg = load_config(CONFIGS / 'quickstart' / 'scl_digits.py')
    cfg.default_scope = 'mmpretrian'
    with pytest.raises(ConfigError, match="default_scope is 'mmpretrian'"):
        check_config(cfg)


def test_a_name_without_its_scope() -> None:
    """It is registered, only not where a name without scope is looked up."""
    with pytest.raises(ConfigError, match=r"loss\.type: no component .* 'SupConLoss'; write 'cft\.SupConLoss'.* scope"):
        check_config(Config({'default_scope': 'mmpretrain', 'loss': {'type': 'SupConLoss'}}))


@pytest.mark.parametrize(
    ('name', 'hint'),
    [
        ('a_project.MyLos', "a_project has no 'MyLos'; did you mean 'MyLoss'"),
        ('a_project.needy.MyLoss', "ModuleNotFoundError: No module named 'a_package_nobody_has'$"),
        ('a_project.elsewhere.MyLoss', "ModuleNotFoundError: No module named 'a_project.elsewhere'$"),
        ('no_project.MyLoss', "No module named 'no_project'; is its folder the current one or in PYTHONPATH"),
    ],
)
def test_why_an_import_path_leads_to_nothing(
    name: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt class, a module that lacks a package, a module that is not there, a folder that is not looked in."""
    folder = tmp_path / 'a_project'
    folder.mkdir()
    (folder / '__init__.py').write_text('class MyLoss: ...\n')
    (folder / 'needy.py').write_text('import a_package_nobody_has\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop('a_project', None)
    with pytest.raises(ConfigError, match=rf"loss\.type: .*'{name}'; as an import path it leads to nothing: .*{hint}"):
        check_config(Config({'default_scope': 'mmpretrain', 'loss': {'type': name}}))
