"""From folders of domains and classes to the accuracy on a domain that was never seen."""

from pathlib import Path

import pytest

from cft.apis import load_config, train
from tests.support.domain_files import draw_domains


@pytest.mark.slow
def test_the_held_out_domain_is_recognised(tmp_path: Path) -> None:
    """Brightness tells the class in every domain; trained on two, the third is far above chance."""
    sizes = {name: {'dark': 12, 'bright': 12} for name in ('art', 'photo', 'sketch')}
    root = draw_domains(tmp_path / 'pictures', sizes, side=16)
    options = [f'data_root={root}', 'test_domain=sketch', 'image_size=16', 'batch_size=8', 'normalization=dataset',
               'train_cfg.max_iters=40', 'train_cfg.val_interval=20', 'optim_wrapper.optimizer.lr=0.002']  # fmt: skip
    cfg = load_config('coretuning/r50_folder_dg', options)
    cfg.model.backbone = dict(type='ResNet', depth=18, base_channels=8, out_indices=(3,), style='pytorch')
    cfg.model.head.in_channels = 64
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), 'own_domains'
    runner = train(cfg)
    assert tuple(runner.train_dataloader.dataset.metainfo['classes']) == ('bright', 'dark')
    assert runner.test()['accuracy/average'] > 90
    dumped = load_config(next((tmp_path / 'run').glob('*.py')))
    assert dumped.model.head.num_classes == 2
    assert dumped.test_dataloader.dataset.test_domain == 'sketch'
    assert dumped.model.data_preprocessor.mean != pytest.approx([123.675, 116.28, 103.53])
