"""What every cell of every published table runs is read, built and stepped.

Cells that differ in data and numbers alone share a test.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from cft.apis import load_config, train
from cft.apis.completion.completion import replace_sync_batch_norm
from cft.apis.configs.checks import check_config
from cft.apis.tables.model import Recipe
from cft.apis.tables.runs import config_of
from cft.apis.tables.uses import all_tables
from tests.configs.test_data_sets import short
from tests.configs.test_pretraining_configs import shrink
from tests.support.data_set_configs import data_of, write_data_set
from tests.support.digits_runs import CONFIGS
from tests.support.tasks import shrink_to_shapes

pytestmark = pytest.mark.slow

Chosen = tuple[str, dict]


def recipes() -> Iterator[tuple[str, Recipe]]:
    """Of all cells, with those that they start from, by mode."""
    for table in all_tables():
        for cell in table.cells:
            for mode, recipe in cell.recipes.items():
                one: object = recipe
                while isinstance(one, Recipe):
                    yield mode, one
                    one = one.start


def different() -> dict[str, Chosen]:
    """One recipe of the paper's protocol for each method, network and set of changed names."""
    found: dict[str, Chosen] = {}
    for mode, recipe in recipes():
        if mode != 'paper':
            continue
        folder, _, stem = config_of(recipe).rpartition('/')
        kind = stem if folder in ('sce', 'ressl', 'mocov2', 'hexa', 'deepcluster') else stem.split('_')[0]
        kind += ''.join(f'_{part}' for part in ('seg', 'det', 'dg', 'adv', 'multilabel') if f'_{part}' in stem)
        names = ' '.join(sorted(recipe.overrides))
        found.setdefault(f'{folder}/{kind} {names}'.strip(), (config_of(recipe), dict(recipe.overrides)))
    return found


DIFFERENT = different()


def test_every_config_is_read_with_its_settings() -> None:
    seen = set()
    for _, recipe in recipes():
        content = f'{recipe.config} {recipe.overrides}'
        if content not in seen:
            seen.add(content)
            check_config(load_config(config_of(recipe), dict(recipe.overrides)))
    assert len(seen) > 200


@pytest.fixture(scope='module')
def files() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data')


@pytest.mark.parametrize('name', DIFFERENT)
def test_first_step(name: str, folder: Path, files: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config, overrides = DIFFERENT[name]
    cfg = load_config(config, overrides)
    if cfg.default_scope in ('mmseg', 'mmdet'):
        shrink_to_shapes(cfg, folder / 'shapes')
    elif Path(config).parent.name in ('sce', 'ressl', 'mocov2', 'hexa', 'deepcluster') and 'finetune' not in config:
        shrink(cfg)
    elif is_plain(cfg, config):
        cfg = short(
            CONFIGS / f'{config}.py', write_data_set(data_of(Path(config).name), folder, files), tmp_path, overrides
        )
    else:
        # Their steps are taken by the tests of transformers, few-shot tasks, domains and attacks.
        build(cfg)
        return
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), f'step_{tmp_path.name}'
    runner = train(cfg)
    assert runner.iter == 1
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    assert losses and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses


def is_plain(cfg: Config, config: str) -> bool:
    """A ResNet-50 on images with one label each, which small files stand for."""
    others = ('_dg', '_adv', '_multilabel', 'finetune', 'mae')
    return Path(config).name.startswith('r50_') and not any(part in config for part in others)


def build(cfg: Config) -> None:
    replace_sync_batch_norm(cfg)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    assert sum(parameter.numel() for parameter in model.parameters()) > 1_000_000
