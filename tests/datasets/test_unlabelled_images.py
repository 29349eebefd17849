"""UnlabelledImages: every image below a folder, once, with what is left out told, for every pre-training method."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import load_config, train
from cft.datasets import UnlabelledImages
from cft.errors import ConfigError
from tests.datasets.image_files import write
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule

LAYOUTS = {
    'flat': ('1.png', '2.JPG', '3.webp'),
    'classes': ('cat/1.png', 'cat/2.png', 'dog/1.png'),
    'splits of classes': ('train/cat/1.png', 'train/dog/1.png', 'val/cat/1.png', 'test/dog/9.png'),
    'dates': ('2024/05/01/a.png', '2024/05/02/a.png', 'b.png'),
    'names of other alphabets': ('猫/写真 1.png', 'Größe/ä.png'),
}


def paths(root: Path) -> list[str]:
    dataset = UnlabelledImages(str(root), serialize_data=False)
    return [str(Path(dataset.get_data_info(index)['img_path']).relative_to(root)) for index in range(len(dataset))]


@pytest.mark.parametrize('layout', LAYOUTS)
def test_every_layout_is_read_whole_and_in_order(layout: str, tmp_path: Path) -> None:
    write(tmp_path, *LAYOUTS[layout])
    assert paths(tmp_path) == sorted(LAYOUTS[layout], key=lambda name: Path(name).parts)


def test_hidden_files_links_and_circles(tmp_path: Path) -> None:
    write(tmp_path / 'store', 'x.png')
    write(tmp_path / 'data', 'a/1.png', '.cache/2.png', 'a/.3.png')
    (tmp_path / 'data' / 'more').symlink_to(tmp_path / 'store')
    (tmp_path / 'data' / 'up').symlink_to(tmp_path / 'data')
    assert paths(tmp_path / 'data') == ['a/1.png', 'more/x.png']


def test_origin_of_the_images_and_other_files_are_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write(tmp_path, 'train/cat/1.png', 'train/cat/2.png', 'masks/1.png', 'loose.png')
    (tmp_path / 'train' / 'labels.csv').write_text('1.png,cat')
    UnlabelledImages(str(tmp_path))
    output = ''.join(capsys.readouterr())
    assert '4 images without labels (2 in train, ' in output
    assert '1 in masks' in output and '1 in no folder' in output
    assert 'left out what is no image: 1 .csv' in output


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no folder .*missing; give the folder'):
        UnlabelledImages(str(tmp_path / 'missing'))
    (tmp_path / 'scans').mkdir()
    (tmp_path / 'scans' / '1.dcm').write_bytes(b'x')
    with pytest.raises(ConfigError, match=r'holds no image \(\.jpg.*\) but 1 \.dcm; correct data_root'):
        UnlabelledImages(str(tmp_path))


def small(cfg: Config, backbone: dict) -> None:
    """ResNet-18's narrow form, short queue, few prototypes, two batches of four images."""
    cfg.model.backbone = backbone
    cfg.model.neck.update(in_channels=64, hid_channels=16, out_channels=8)
    if cfg.model.get('queue_length'):
        cfg.model.update(queue_length=16, feat_channels=8)
        if cfg.model.get('predictor'):
            cfg.model.predictor.update(in_channels=8, hid_channels=16, out_channels=8)
    if cfg.model.get('num_prototypes'):
        cfg.model.update(num_prototypes=(3, 2), feat_channels=8)
    cfg.train_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.train_cfg.max_epochs = 1
    fit_schedule(cfg)


@pytest.mark.parametrize(
    ('method', 'name', 'data'),
    [
        ('sce', 'r18_cifar10', 'unlabelled'),
        ('mocov2', 'r18_cifar10', 'unlabelled'),
        ('ressl', 'r18_cifar10', 'unlabelled'),
        ('deepcluster', 'r50_imagenet_2crop', 'unlabelled_2crop'),
        ('hexa', 'dcluster_r50_imagenet_2crop', 'unlabelled_2crop'),
        ('hexa', 'moco_r50_imagenet', 'unlabelled'),
    ],
)
def test_an_epoch_of_every_method(method: str, name: str, data: str, tmp_path: Path) -> None:
    write(tmp_path / 'photos', *(f'{index % 3}/{index}.png' for index in range(8)))
    path = tmp_path / 'folder.py'
    base = CONFIGS / '_base_' / 'datasets' / f'{data}.py'
    loader = load_config(base, {'data_root': str(tmp_path / 'photos'), 'image_size': 32}).train_dataloader
    path.write_text(
        f"_base_ = ['{CONFIGS / method / name}.py']\ntrain_dataloader = dict(_delete_=True, **{loader.to_dict()})\n"
    )
    cfg = load_config(path)
    small(cfg, dict(type='ResNet', depth=18, base_channels=8, out_indices=(3,), style='pytorch'))
    cfg.work_dir = str(tmp_path / 'run')
    cfg.experiment_name = f'unlabelled_{method}_{name}'
    runner = train(cfg)
    losses = [value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key]
    assert runner.iter == 2 and losses and all(torch.isfinite(torch.tensor(value)) for value in losses)
