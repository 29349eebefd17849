"""complete_folder_config and complete_normalization: classes and pixel statistics of an image folder."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine import fileio
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.completion import training_images
from cft.apis.completion.folder_config import complete_folder_config
from cft.apis.completion.normalization import complete_normalization
from cft.datasets import ImageFolder
from cft.errors import ConfigError

FOLDER = Path(__file__).resolve().parents[3] / 'configs' / 'ce' / 'r50_folder.py'
IMAGENET = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])


def write(path: Path, pixels: np.ndarray) -> np.ndarray:
    """Save RGB pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels[..., ::-1])
    return pixels.reshape(-1, 3)


def random_image(rng: np.random.Generator) -> np.ndarray:
    """Of any size, red brighter than blue, green with less contrast."""
    size = rng.integers(2, 20, 2)
    return rng.integers([100, 90, 0], [256, 110, 120], (*size, 3), dtype=np.uint8)


@pytest.fixture
def images(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """Three classes in train/, others in val/, and all training pixels as (N, 3) RGB."""
    rng = np.random.default_rng(0)
    pixels = [write(tmp_path / 'train' / 'abc'[i % 3] / f'{i}.png', random_image(rng)) for i in range(9)]
    write(tmp_path / 'val' / 'a' / 'black.png', np.zeros((50, 50, 3), np.uint8))
    return tmp_path, np.concatenate(pixels)


def complete(root: Path, **overrides: object) -> Config:
    cfg = load_config(FOLDER, {'data_root': str(root)} | overrides)
    complete_folder_config(cfg)
    complete_normalization(cfg)
    return cfg


def statistics(cfg: Config) -> tuple[list[float], list[float]]:
    return cfg.model.data_preprocessor.mean, cfg.model.data_preprocessor.std


def test_number_of_classes_is_filled_in(images: tuple[Path, np.ndarray]) -> None:
    """Where it is None, and only there; the normalisation stays ImageNet's."""
    cfg = complete(images[0])
    assert cfg.model.head.num_classes == 3
    assert statistics(cfg) == IMAGENET
    assert complete(images[0], **{'model.head.num_classes': 7}).model.head.num_classes == 7


def test_statistics_are_numpys(images: tuple[Path, np.ndarray]) -> None:
    """Over the pixels of the training images, large images counting more, in the order red, green, blue."""
    root, pixels = images
    cfg = complete(root, normalization='dataset')
    mean, std = statistics(cfg)
    assert mean == pytest.approx(pixels.mean(axis=0), abs=5.1e-4)
    assert std == pytest.approx(pixels.std(axis=0), abs=5.1e-4)
    assert mean[0] > mean[1] > mean[2]
    assert cfg.model.data_preprocessor.to_rgb


def test_statistics_leave_out_the_held_out_images(tmp_path: Path) -> None:
    """Without a val folder part of the images is for validation: it must not shape what is trained on."""
    for name in 'ab':
        for i in range(10):
            write(tmp_path / name / f'{i}.png', np.full((4, 4, 3), 10 * i + (name == 'b'), np.uint8))
    training = ImageFolder(str(tmp_path), split='train')
    paths = [Path(training.get_data_info(index)['img_path']) for index in range(len(training))]
    values = [10 * int(path.stem) + (path.parent.name == 'b') for path in paths]
    assert len(values) == 18
    mean, std = statistics(complete(tmp_path, normalization='dataset'))
    assert mean == pytest.approx([np.mean(values)] * 3, abs=5.1e-4)
    assert std == pytest.approx([np.std(values)] * 3, abs=5.1e-4)


def test_constant_channel_has_deviation_one(tmp_path: Path) -> None:
    """Normalising must not divide by zero."""
    write(tmp_path / 'train' / 'a' / '0.png', np.array([[[7, 8, 9], [7, 8, 19]]], np.uint8))
    write(tmp_path / 'val' / 'a' / '0.png', np.zeros((1, 1, 3), np.uint8))
    assert statistics(complete(tmp_path, normalization='dataset')) == ([7, 8, 14], [1, 1, 5])


def test_large_folders_are_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That many images, drawn from all classes, the same ones every time."""
    for i in range(40):
        write(tmp_path / 'train' / f'{i // 10}' / f'{i}.png', np.full((1, 1, 3), i, np.uint8))
        write(tmp_path / 'val' / f'{i // 10}' / f'{i}.png', np.full((1, 1, 3), 255, np.uint8))
    read: list[int] = []
    get = fileio.get
    monkeypatch.setattr(
        fileio, 'get', lambda path, **options: read.append(int(Path(path).stem)) or get(path, **options)
    )
    monkeypatch.setattr(training_images, 'SAMPLE_SIZE', 12)
    mean, _ = statistics(complete(tmp_path, normalization='dataset'))
    assert len(read) == len(set(read)) == 12
    assert mean == pytest.approx([np.mean(read)] * 3, abs=5.1e-4)
    assert {i // 10 for i in read} == {0, 1, 2, 3}
    assert statistics(complete(tmp_path, normalization='dataset'))[0] == mean


def test_pre_training_head_gets_no_classes(images: tuple[Path, np.ndarray]) -> None:
    """A self-supervised loss knows no classes; the images of a folder are enough for it."""
    model = {'type': 'cft.SCE', 'head': {'type': 'cft.SCELoss'}, 'data_preprocessor': {}}
    dataset = {'type': 'cft.ImageFolder', 'data_root': str(images[0])}
    cfg = Config({'model': model, 'train_dataloader': {'dataset': dataset}, 'normalization': 'dataset'})
    complete_folder_config(cfg)
    complete_normalization(cfg)
    assert cfg.model.head == {'type': 'cft.SCELoss'}
    assert cfg.model.data_preprocessor.mean[0] > 100


def test_other_data_sets_are_left_alone() -> None:
    """Nothing is looked for on the disk."""
    cfg = load_config(FOLDER.with_name('r50_cifar10.py'))
    before = cfg.to_dict()
    complete_folder_config(cfg)
    assert cfg.to_dict() == before


def test_classes_that_are_left_out_do_not_count(images: tuple[Path, np.ndarray]) -> None:
    cfg = load_config(FOLDER, {'data_root': str(images[0])})
    dataset = cfg.train_dataloader.dataset
    complete_folder_config(cfg)
    whole, cfg.model.head.num_classes = cfg.model.head.num_classes, None
    cfg.train_dataloader.dataset = dict(type='cft.ClassSubset', without=['a'], dataset=dataset)
    complete_folder_config(cfg)
    assert cfg.model.head.num_classes == whole - 1


def test_unknown_normalization_is_named(images: tuple[Path, np.ndarray]) -> None:
    with pytest.raises(ConfigError, match="normalization must be 'imagenet', 'dataset' or 'backbone', got 'cifar'"):
        complete(images[0], normalization='cifar')


@pytest.mark.parametrize(('folder', 'message'), [('nowhere', 'no folder .*nowhere'), ('train/a', 'no class folders')])
def test_wrong_folder_is_named(images: tuple[Path, np.ndarray], folder: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        complete(images[0] / folder)


def test_unreadable_image_is_named(images: tuple[Path, np.ndarray]) -> None:
    """A truncated download among thousands of files."""
    broken = images[0] / 'train' / 'b' / 'broken.png'
    broken.write_bytes(b'no image')
    with pytest.raises(ConfigError, match=f'{broken} is no readable image'):
        complete(images[0], normalization='dataset')


def test_empty_class_is_named(images: tuple[Path, np.ndarray]) -> None:
    (images[0] / 'train' / 'd').mkdir()
    with pytest.raises(ConfigError, match='class folder .*train/d holds no image'):
        complete(images[0], normalization='dataset')
