"""load_config: misspelt names, and files that cannot be read."""

from pathlib import Path

import pytest

from cft.apis import load_config
from cft.apis.configs.checks import check_config
from cft.errors import ConfigError

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'

DIGITS = CONFIGS / 'quickstart' / 'ce_digits.py'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / 'mine.py'
    path.write_text(text)
    return path


@pytest.mark.parametrize('name', ['custom_hooks.1.momentum', 'custom_hooks.first.momentum', 'custom_hooks.-1.momentum'])
def test_list_index_that_does_not_exist(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"--cfg-options {name}: '{name.split('.')[1]}' is no index of a list of 1"):
        load_config(CONFIGS / 'sce' / 'r18_cifar10.py', {name: 0.5})


@pytest.mark.parametrize('model', ["model = dict(type='mmpretrain.ImageClassifier')\n"])
def test_checkpoint_without_a_backbone(tmp_path: Path, model: str) -> None:
    (tmp_path / 'moco.pth').touch()
    cfg = load_config(write(tmp_path, f"checkpoint = '{tmp_path / 'moco.pth'}'\n{model}"))
    with pytest.raises(ConfigError, match='checkpoint.*backbone'):
        check_config(cfg)


@pytest.mark.parametrize(
    ('line', 'wrong', 'right'),
    [
        ('train_dataloadr = dict()', 'train_dataloadr', 'train_dataloader'),
        ('custom_hook = []', 'custom_hook', 'custom_hooks'),
        ('optim_wraper = dict()', 'optim_wraper', 'optim_wrapper'),
        ('param_schedulers = []', 'param_schedulers', 'param_scheduler'),
    ],
)
def test_misspelt_top_level_name(tmp_path: Path, line: str, wrong: str, right: str) -> None:
    """MMEngine would ignore it without a word; helper variables of one's own are no mistake."""
    path = write(tmp_path, f"_base_ = ['{DIGITS}']\nmy_learning_rate = 0.1\n{line}\n")
    with pytest.raises(ConfigError, match=f"{path}: '{wrong}' is no setting.*did you mean '{right}'"):
        load_config(path)


@pytest.mark.parametrize(
    ('name', 'wrong', 'right'),
    [
        ('model.hed.num_classes', 'hed', 'head'),
        ('train_dataloader.batchsize', 'batchsize', 'batch_size'),
        ('optimwrapper.optimizer.lr', 'optimwrapper', 'optim_wrapper'),
        ('train_cfg.max_iter', 'max_iter', 'max_iters'),
        ('train_dataloader.dataset.dataset.pipeline.0.typ', 'typ', 'type'),
        ('load_form', 'load_form', 'load_from'),
    ],
)
def test_misspelt_override(name: str, wrong: str, right: str) -> None:
    """At any depth, with the whole name and the one that is meant."""
    with pytest.raises(ConfigError, match=f"--cfg-options {name}: unknown name '{wrong}'; did you mean '{right}'"):
        load_config(DIGITS, {name: 1})


def test_override_of_nothing_known() -> None:
    """Nothing is like it, or this config lacks that shortcut: the message lists what there is."""
    with pytest.raises(ConfigError, match=r"no 'xyz'; it has \['backbone_cfg', 'batch_size', 'checkpoint'"):
        load_config(DIGITS, {'xyz.lr': 1})
    with pytest.raises(ConfigError, match="--cfg-options data_root: the config has no 'data_root'"):
        load_config(DIGITS, {'data_root': 'flowers'})


@pytest.mark.parametrize('name', ['model.backbone.depth.x', 'train_cfg.max_iters.value.x', 'log_level.x'])
def test_override_below_a_plain_value(name: str) -> None:
    """A number or a text has no settings; MMEngine's own error is a TypeError."""
    with pytest.raises(ConfigError, match=f'--cfg-options {name}'):
        load_config(DIGITS, {name: 1})


@pytest.mark.parametrize(
    ('path', 'hint'),
    [
        ('coretunning/r50_cifar10.py', 'coretuning/r50_cifar10,'),
        ('ce/r50_cifar.py', 'ce/r50_cifar10.py'),
        ('quickstart/ce_digit.py', 'quickstart/ce_digits.py'),
    ],
)
def test_missing_file_suggests(path: str, hint: str) -> None:
    """A near name in a folder beside it or in its own."""
    with pytest.raises(ConfigError, match=f'no config {CONFIGS / path}; did you mean .*{hint}'):
        load_config(CONFIGS / path)


@pytest.mark.parametrize('name', ['nowhere.py', '.'])
def test_missing_file_without_a_suggestion(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r'^no config \S+; give a file, or a name that `cft configs` lists$'):
        load_config(tmp_path / 'a' / 'b' / name)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = dict(\n', 'SyntaxError.*line 1'),
        ("_base_ = ['nothing.py']\n", 'FileNotFoundError.*nothing'),
        ('model = unknown\n', "NameError.*'unknown'"),
        (f"_base_ = ['{DIGITS}']\nmodel = dict(head=_base_.nothing)\n", 'AttributeError.*nothing'),
        ('rate = 1 / 0\n', 'ZeroDivisionError'),
        ("rate = float('x')\n", 'ValueError'),
        ('rates = [][1]\n', 'IndexError'),
        ("custom_imports = dict(imports=['no_such_module'])\n", 'no_such_module'),
    ],
)
def test_broken_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Whatever goes wrong in it, with Python's own reason."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=f'(?s)config {path} cannot be read: .*{message}'):
        load_config(path)


@pytest.mark.parametrize(('name', 'content'), [('a.py', b'\xff\xfe'), ('a.txt', b'a = 1')])
def test_other_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    """No text, no kind of config."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=f'config {tmp_path / name} cannot be read'):
        load_config(tmp_path / name)


def test_why_a_custom_import_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that it fails, which MMEngine says at length, but what its module lacks."""
    (tmp_path / 'needs_much.py').write_text('import a_package_nobody_has\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    path = write(tmp_path, "custom_imports = dict(imports=['needs_much'])\n")
    with pytest.raises(ConfigError, match=r"custom_imports fails with ModuleNotFoundError: .*'a_package_nobody_has'"):
        load_config(path)
