"""load_config: overrides and their reach."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import load_config
from cft.engine.config_nodes import iterate_dicts

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'

DIGITS = CONFIGS / 'quickstart' / 'ce_digits.py'

FOLDER = CONFIGS / 'ce' / 'r50_folder.py'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / 'mine.py'
    path.write_text(text)
    return path


def values(cfg: Config, key: str) -> Iterator[tuple[str, object]]:
    """All places of a config that have this key, with what stands there."""
    return ((where, node[key]) for where, node in iterate_dicts(cfg._cfg_dict) if where and key in node)


def test_without_overrides_it_is_the_file() -> None:
    """Nothing is added to what MMEngine reads."""
    for path in (DIGITS, FOLDER):
        assert load_config(path).to_dict() == Config.fromfile(path).to_dict()
        assert load_config(str(path)).filename == str(path)


def test_override_by_dotted_name() -> None:
    """Existing values are replaced, new options and runner settings are added."""
    overrides = {
        'optim_wrapper.optimizer.lr': 0.5,
        'optim_wrapper.optimizer.nesterov': True,
        'work_dir': 'there',
        'auto_scale_lr.enable': True,
    }
    cfg = load_config(DIGITS, overrides)
    assert (cfg.optim_wrapper.optimizer.lr, cfg.optim_wrapper.optimizer.momentum) == (0.5, 0.9)
    assert cfg.optim_wrapper.optimizer.nesterov is True
    assert (cfg.work_dir, cfg.auto_scale_lr.enable) == ('there', True)


def test_override_of_a_list_entry() -> None:
    """An index names one entry of a list; the others stay."""
    plain = load_config(CONFIGS / 'sce' / 'r18_cifar10.py')
    overrides = {'custom_hooks.0.momentum': 0.5, 'param_scheduler.1.end': 7}
    cfg = load_config(CONFIGS / 'sce' / 'r18_cifar10.py', overrides)
    assert cfg.custom_hooks[0] == {**plain.custom_hooks[0], 'momentum': 0.5}
    assert cfg.param_scheduler == [plain.param_scheduler[0], {**plain.param_scheduler[1], 'end': 7}]


@pytest.mark.parametrize('name', ['ce/r50_folder', 'schane/r50_folder', 'ce/r50_cifar10', 'mocov2/r18_cifar10'])
def test_data_root_reaches_every_data_set(name: str) -> None:
    """Training, validation and test data move together."""
    path = CONFIGS / f'{name}.py'
    places = [where for where, _ in values(load_config(path), 'data_root')]
    found = dict(values(load_config(path, {'data_root': '/elsewhere'}), 'data_root'))
    assert [where.split('.')[0] for where in places] == list(dict.fromkeys(where.split('.')[0] for where in places))
    assert 'train_dataloader.dataset' in places
    assert found == dict.fromkeys(places, '/elsewhere')


def test_data_root_reaches_a_wrapped_data_set_but_no_other(tmp_path: Path) -> None:
    """Data sets of another root keep it."""
    inner = "dict(type='cft.StratifiedSubset', per_class=1, dataset=dict(type='CIFAR10', data_root=data_root))"
    lists = f"dict(type='ConcatDataset', datasets=[{inner}, dict(type='CIFAR10', data_root='other')])"
    path = write(tmp_path, f"data_root = 'old'\ntrain_dataloader = dict(dataset={lists})\n")
    found = dict(values(load_config(path, {'data_root': 'new'}), 'data_root'))
    base = 'train_dataloader.dataset.datasets'
    assert found == {f'{base}[0].dataset': 'new', f'{base}[1]': 'other'}
