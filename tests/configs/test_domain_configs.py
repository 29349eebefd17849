"""Domain-generalisation configs: the published recipe, and a training step of each on small images."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.engine.config_nodes import iterate_dicts
from tests.support.digits_runs import BASELINES, CONFIGS, FINE_TUNING
from tests.support.domain_files import draw_domains
from tests.support.short_schedules import fit_schedule

DATA = {
    'pacs': (7, ['art_painting', 'cartoon', 'photo', 'sketch'], 'data/PACS'),
    'vlcs': (5, ['Caltech101', 'LabelMe', 'SUN09', 'VOC2007'], 'data/VLCS'),
    'officehome': (65, ['Art', 'Clipart', 'Product', 'RealWorld'], 'data/OfficeHome'),
}
METHODS = (*FINE_TUNING, *BASELINES)
ALL = [CONFIGS / method / f'r50_{data}_dg.py' for method in METHODS for data in DATA]
QUICKSTART = [CONFIGS / 'quickstart' / f'{method}_dg.py' for method in METHODS]


def test_no_config_is_forgotten() -> None:
    own = {CONFIGS / method / name for method in METHODS for name in ('r50_folder_dg.py', 'folder_dg.py')}
    assert set(CONFIGS.glob('*/*_dg.py')) == {*ALL, *QUICKSTART, *own}


@pytest.mark.parametrize('path', ALL, ids=lambda path: f'{path.parent.name}/{path.stem}')
def test_published_recipe(path: Path) -> None:
    """Appendix C.3: Adam 5e-5, 20,000 steps, exponential decay, 32 images of each training domain, 224 pixels."""
    cfg = load_config(path)
    classes, domains, root = DATA[path.stem.split('_')[1]]
    assert cfg.model.head.num_classes == classes
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert (dataset.data_root, dataset.domains, dataset.split) == (root, domains, split)
        assert dataset.test_domain in domains
    assert len({cfg[f'{split}_dataloader'].dataset.test_domain for split in ('train', 'val', 'test')}) == 1
    assert (cfg.optim_wrapper.optimizer.type, cfg.optim_wrapper.optimizer.lr) == ('Adam', 5e-5)
    assert (cfg.train_cfg.max_iters, cfg.train_cfg.val_interval) == (20000, 300)
    assert cfg.train_dataloader.batch_size == 32 * (len(domains) - 1)
    assert 'end' not in cfg.param_scheduler
    assert cfg.param_scheduler.gamma**cfg.train_cfg.max_iters == pytest.approx(0.1)
    assert cfg.default_hooks.checkpoint.save_best == 'accuracy/average'
    sizes = {
        str(node.get('scale')) for _, node in iterate_dicts(cfg.train_dataloader.dataset.pipeline) if 'scale' in node
    }
    assert sizes == {'224'} and cfg.test_dataloader.dataset.pipeline[1].scale == (224, 224)
    views = cfg.train_dataloader.dataset.pipeline[1].get('num_views', 1)
    assert views == (2 if path.parent.name in ('schane', 'ce_simclr', 'bituning') else 1)
    if path.parent.name == 'coretuning':
        assert (cfg.model.head.contrastive.loss_weight, cfg.model.head.contrastive.pairs.alpha) == (0.1, 1.0)


def shrink(cfg: Config, root: Path) -> None:
    """Crops and test images of 32 pixels, two images of each training domain and class, one step."""
    domains = [f'domain{number}' for number in range(4)]
    classes = {f'{number:02}': 2 for number in range(cfg.model.head.num_classes)}
    draw_domains(root, dict.fromkeys(domains, classes))
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.update(batch_size=12, num_workers=0, persistent_workers=False, pin_memory=False)
        loader.dataset.update(data_root=str(root), domains=None, test_domain='domain1')
        for _, step in iterate_dicts(loader.dataset.pipeline):
            if 'scale' in step:
                step['scale'] = 32 if step['type'] == 'RandomResizedCrop' else (32, 32)
    for term in cfg.model.get('regularizers', ()):
        # A ResNet-50 has thousands of filters.
        term.update(dict(images=20, masked_images=1) if term.type == 'cft.DELTA' else {})
    cfg.train_cfg.update(max_iters=1)
    fit_schedule(cfg)
    cfg.drawn_data = None


@pytest.mark.slow
@pytest.mark.parametrize(
    'path',
    [*(path for path in ALL if 'pacs' in path.stem), *QUICKSTART],
    ids=lambda path: f'{path.parent.name}/{path.stem}',
)
def test_one_step(path: Path, tmp_path: Path) -> None:
    """With a validation after it; the other data sets' configs differ in names and numbers alone."""
    cfg = load_config(path)
    shrink(cfg, tmp_path / 'data')
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = f'{path.parent.name}_{path.stem}'
    runner = train(cfg)
    losses = {name: value.current() for name, value in runner.message_hub.log_scalars.items() if 'loss' in name}
    assert losses and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    # Mix-and-match's only step here is one of its second stage; Bi-tuning's has no past keys yet.
    method = path.stem.removesuffix('_dg') if path.parent.name == 'quickstart' else path.parent.name
    if method not in ('ce', 'mm', 'rifle', 'bituning'):
        assert losses[f'train/loss_{method if method in ("l2sp", "delta", "bss") else "con"}'] > 0
    assert 0 <= runner.message_hub.get_info('best_score') <= 100
    assert len(list((tmp_path / 'work').glob('best_accuracy_average_iter_1.pth'))) == 1
