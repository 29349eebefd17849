"""The configs of released code hold, say what the code does, and take a step on small files."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import torch

from cft.apis import load_config, train
from cft.apis.configs.checks import check_config
from cft.engine.config_nodes import iterate_dicts
from cft.registry import MODELS
from tests.support.command_line import ROOT, TINY, call_tool
from tests.support.data_set_configs import data_of, write_data_set
from tests.support.short_schedules import fit_schedule

CONFIGS = ROOT / 'projects' / 'released_code' / 'configs'
LEAVES = sorted(path.stem for path in CONFIGS.glob('*.py'))
README = (CONFIGS.parent / 'README.md').read_text()
CONFIG_OF = {'Core-tuning': 'coretuning_digits', 'COIN': 'coin_digits', 'both': 'coin_digits', 'SCL': 'scl_digits'}


def switches() -> list[tuple[str, str]]:
    """Method and settings of every line of the README's table."""
    found, method = [], ''
    for line in README.splitlines():
        cells = [cell.strip() for cell in line.replace(r'\|', '').strip('| ').split(' | ')]
        method = cells[0].strip('*') if cells[0].startswith('**') else method
        settings = [name for name in re.findall(r'`([^`]*)`', cells[-1]) if '=' in name]
        if len(cells) == 3 and settings:
            found.append((method, ' '.join(settings)))
    return found


@pytest.mark.parametrize(('method', 'settings'), switches())
def test_switches_of_the_readme(method: str, settings: str) -> None:
    """Each is a setting of the config, and changes what is built or how it is trained."""
    config = str(CONFIGS / f'{CONFIG_OF[method]}.py') if method in CONFIG_OF else 'quickstart/sce_digits'
    overrides = {}
    for name, text in (item.split('=') for item in settings.split()):
        overrides[name] = text if 'projects.' in text else ast.literal_eval(text)
    if 'all_anchors' in settings:
        overrides['model.head.contrastive.loss.labelled_mixtures'] = True
    plain, switched = load_config(config), load_config(config, overrides)
    check_config(switched)
    if 'batch_size' in overrides:
        assert switched.train_dataloader.batch_size * switched.optim_wrapper.accumulative_counts == 256
    else:
        assert repr(MODELS.build(switched.model)) != repr(MODELS.build(plain.model))


def test_the_readme_has_all_switches() -> None:
    parts = [load_config(CONFIGS / f'{name}.py').model.head for name in ('coretuning_digits', 'coin_digits')]
    names = {key for head in parts for _, node in iterate_dicts(head) for key, value in node.items() if value is False}
    told = ' '.join(settings for _, settings in switches())
    assert len(switches()) == 13 and names and all(f'.{name}=True' in told for name in names)


@pytest.mark.slow
@pytest.mark.parametrize('command', re.findall(r'^ {4}python tools/train.py (.*digits.*)$', README, re.MULTILINE))
def test_commands_of_the_readme(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, *options = shlex.split(command)
    options = options or ['--cfg-options']
    assert call_tool(monkeypatch, 'train', ROOT / config, '--work-dir', tmp_path, *options, *TINY) == 0
    assert (tmp_path / 'iter_4.pth').is_file()


@pytest.mark.parametrize('name', LEAVES)
def test_config_holds(name: str) -> None:
    check_config(load_config(CONFIGS / f'{name}.py'))


@pytest.mark.parametrize('method', ['coretuning', 'coin'])
def test_protocol_of_cifar10(method: str) -> None:
    """256 images a step in batches of 64, statistics of CIFAR-100, and every switch of the parts on."""
    cfg = load_config(CONFIGS / f'{method}_released_r50_cifar10.py')
    assert cfg.train_dataloader.batch_size * cfg.optim_wrapper.accumulative_counts == 256
    assert cfg.train_cfg.max_epochs == 100 and cfg.optim_wrapper.optimizer.lr == 0.01
    statistics = torch.tensor([cfg.model.data_preprocessor.mean, cfg.model.data_preprocessor.std]) / 255
    published = torch.tensor([[0.507, 0.487, 0.441], [0.267, 0.256, 0.276]])
    torch.testing.assert_close(statistics, published, rtol=0, atol=2e-4)
    steps = [step for part in (cfg.train_dataloader, cfg.test_dataloader) for _, step in iterate_dicts(part)]
    sizes = [step[key] for step in steps for key in ('scale', 'crop_size') if key in step]
    assert set(sizes) == ({272, 256} if method == 'coretuning' else {224, 256})
    parts = dict(iterate_dicts(load_config(CONFIGS / f'{method}_r50_cifar10.py').model.head))
    released = dict(iterate_dicts(cfg.model.head))
    switches = {(place, key) for place, node in parts.items() for key, value in node.items() if value is False}
    assert len(switches) == (7 if method == 'coretuning' else 2)
    assert all(released[place][key] is True for place, key in switches)
    assert parts[''].bias is True and released[''].bias is False


@pytest.mark.parametrize('name', [name for name in LEAVES if 'r50' in name])
def test_step_and_test_on_cifar10(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_data_set(data_of('r50_cifar10'), tmp_path / 'data', monkeypatch)
    cfg = load_config(CONFIGS / f'{name}.py', {'data_root': str(root)})
    for _, step in iterate_dicts(cfg._cfg_dict):
        for key in {'scale', 'crop_size'} & set(step):
            step[key] //= 7
    cfg.model.backbone.update(depth=18, stem_channels=4, base_channels=4)
    cfg.model.head.in_channels = 32
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.train_cfg.max_epochs = 1
    fit_schedule(cfg)
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), name
    runner = train(cfg)
    assert all(torch.isfinite(parameter).all() for parameter in runner.model.parameters())
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'train/loss' in key}
    assert set(losses) == {'train/loss', 'train/loss_ce', 'train/loss_con'}
    assert all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    assert 0 <= runner.test()['accuracy/top1'] <= 100


@pytest.mark.parametrize('name', [name for name in LEAVES if 'digits' in name])
def test_a_few_steps_on_the_digits(name: str, tmp_path: Path) -> None:
    settings = {
        'batch_size': 20,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'train_cfg.max_iters': 4,
        'train_cfg.val_interval': 4,
    }
    cfg = load_config(CONFIGS / f'{name}.py', settings)
    fit_schedule(cfg)
    cfg.work_dir, cfg.experiment_name = str(tmp_path), name
    runner = train(cfg)
    assert runner.iter == 4
    assert all(torch.isfinite(parameter).all() for parameter in runner.model.parameters())
