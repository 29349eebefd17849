"""From somebody's images and masks to a tested model: the same labels in every layout, and something learnt."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from cft.apis import load_config, predict, train
from cft.apis import test as run_test
from cft.datasets.synthetic import draw_shapes
from cft.engine.model_access import unwrap_model

SPLITS = ('train', 'val', 'test')


@pytest.fixture(scope='module')
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('data') / 'shapes'
    draw_shapes(root, num_train=20, num_val=4, num_test=4, size=64)
    return root


def copy(
    shapes: Path, root: Path, image: str, mask: str, change: Callable[[Image.Image], Image.Image] = lambda mask: mask
) -> Path:
    """The data under other names, ``{split}`` and ``{name}`` in them, with changed masks."""
    for split in SPLITS:
        for name in (shapes / 'ImageSets' / 'Segmentation' / f'{split}.txt').read_text().split():
            source, target = (root / form.format(split=split, name=name) for form in (image, mask))
            for path in (source, target):
                path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shapes / 'JPEGImages' / f'{name}.jpg', source)
            with Image.open(shapes / 'SegmentationClass' / f'{name}.png') as picture:
                change(picture).save(target)
    return root


def as_labels(mask: Image.Image) -> Image.Image:
    """Grey values instead of a palette."""
    return Image.fromarray(np.array(mask))


def black_and_white(mask: Image.Image) -> Image.Image:
    labels = np.array(mask)
    return Image.fromarray(np.where(labels == 255, 0, np.minimum(labels, 1) * np.uint8(255)).astype(np.uint8))


def narrow(root: Path, work_dir: Path, *options: str) -> Config:
    cfg = load_config('coretuning/r50_folder_seg', [f'data_root={root}', 'image_size=64', 'batch_size=8', *options])
    cfg.model.backbone = dict(
        type='ResNet', depth=18, base_channels=16, out_indices=(0, 1, 2, 3), strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4), style='pytorch', contract_dilation=True, norm_cfg=dict(type='BN'),
    )  # fmt: skip
    cfg.model.decode_head.update(in_channels=128, channels=32, dilations=(1, 3, 6))
    cfg.model.auxiliary_head.update(in_channels=64, channels=16)
    for split in SPLITS:
        cfg[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False)
    cfg.work_dir, cfg.experiment_name = str(work_dir), f'own_{work_dir.parent.name}_{work_dir.name}'
    return cfg


def first_step(root: Path, work_dir: Path) -> tuple[dict[str, float], list[np.ndarray]]:
    """The losses of the first step, and the labels of all training images."""
    cfg = narrow(root, work_dir, 'epochs=1', 'batch_size=20')
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint.pop('save_best')
    runner = train(cfg)
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    settings = dict(cfg.train_dataloader, sampler=dict(type='DefaultSampler', shuffle=False))
    settings['dataset'] = dict(settings['dataset'], pipeline=settings['dataset']['pipeline'][:2])
    dataset = runner.build_dataloader(settings).dataset
    return losses, [dataset[index]['gt_seg_map'] for index in range(len(dataset))]


@pytest.mark.slow
def test_every_layout_is_the_same_data(shapes: Path, tmp_path: Path) -> None:
    """Labels as grey values, as a palette, and as VOC keeps them: the same labels, the same first step, to the bit."""
    layouts = {
        'grey': copy(shapes, tmp_path / 'grey', '{split}/images/{name}.jpg', '{split}/masks/{name}.png', as_labels),
        'palette': copy(shapes, tmp_path / 'palette', 'images/{split}/{name}.jpg', 'labels/{split}/{name}_mask.png'),
        'voc': shapes,
    }
    found = {name: first_step(root, tmp_path / 'runs' / name) for name, root in layouts.items()}
    losses, labels = found['voc']
    assert len(labels) == 20 and losses['train/decode.loss_con'] > 0
    assert {label for mask in labels for label in np.unique(mask)} == {0, 1, 2, 3, 4, 255}
    for other_losses, others in found.values():
        assert other_losses == losses
        assert all(np.array_equal(mask, other) for mask, other in zip(labels, others, strict=True))


@pytest.mark.slow
def test_black_and_white_masks_are_learnt_tested_and_predicted(shapes: Path, tmp_path: Path) -> None:
    """Better than the best constant answer, on images held out; the run's own files serve for all that follows."""
    root = copy(shapes, tmp_path / 'own', 'images/{name}.jpg', 'masks/{name}.png', black_and_white)
    options = ('epochs=16', 'train_cfg.val_interval=8', 'default_hooks.checkpoint.interval=8')
    cfg = narrow(root, tmp_path / 'run', *options, 'normalization=dataset', 'optim_wrapper.optimizer.lr=0.05')
    runner = train(cfg)
    held_out = runner.val_dataloader.dataset
    assert len(held_out) == 3 and len(runner.train_dataloader.dataset) == 25
    masks = [np.array(Image.open(held_out.get_data_info(i)['seg_map_path'])) == 255 for i in range(3)]
    part = np.mean([mask.mean() for mask in masks])
    constant = 100 * max(part, 1 - part) / 2
    best = runner.message_hub.get_info('best_score')
    assert best > constant + 10, f'{best} where a constant has {constant}'
    config = str(next((tmp_path / 'run').glob('*.py')))
    checkpoint = str(next((tmp_path / 'run').glob('best_*.pth')))
    tested = load_config(config)
    tested.work_dir, tested.load_from = str(tmp_path / 'test'), checkpoint
    assert run_test(tested)['mIoU'] == pytest.approx(best, abs=0.02)
    image = str(root / 'images' / 'test_000000.jpg')
    (result,) = predict(config, checkpoint, [image], out_dir=tmp_path / 'out')
    assert set(result['fractions']) <= {'background', 'object'}
    predicted = np.array(Image.open(next((tmp_path / 'out').glob('*_mask.png'))))

    from mmseg.apis import inference_model, init_model

    model = init_model(config, checkpoint, device='cpu')
    assert tuple(model.dataset_meta['classes']) == ('background', 'object')
    assert np.array_equal(inference_model(model, image).pred_sem_seg.data[0].numpy(), predicted)
    assert json.loads((tmp_path / 'out' / 'predictions.json').read_text())[0]['image'] == image
    meta = torch.load(checkpoint, weights_only=False)['meta']['dataset_meta']
    assert list(meta['classes']) == ['background', 'object'] and len(meta['palette']) == 2
    assert unwrap_model(runner.model).decode_head.num_classes == 2
