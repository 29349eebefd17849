"""ImageNet from its archives of archives, and from folders: a split has its name only when it is whole."""

import dataclasses
import io
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from mmpretrain.datasets import ImageNet
from rich.console import Console

from cft.datasets.preparation.classification import imagenet
from cft.datasets.preparation.classification.image_sets import OTHER_SETS
from cft.datasets.preparation.classification.imagenet import prepare_imagenet
from cft.errors import ConfigError
from tests.support import miniature
from tests.support.classification_downloads import mat, picture, text

WNIDS = ('n01440764', 'n01443537')
MINI = dataclasses.replace(
    OTHER_SETS['imagenet'],
    classes=2,
    train=6,
    test=4,
    parts=tuple(dataclasses.replace(part, md5='') for part in OTHER_SETS['imagenet'].parts),
)
# The challenge's own numbers are not in the order of WordNet's.
NUMBERS = {2: WNIDS[0], 1: WNIDS[1]}
TRUTH = (2, 1, 1, 2)


def tar_bytes(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode='w') as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def synsets() -> np.ndarray:
    """Leaves, and one of the classes above them, which the genuine file lists after the 1,000."""
    kind = [('ILSVRC2012_ID', 'O'), ('WNID', 'O'), ('words', 'O'), ('num_children', 'O')]
    rows = [(number, wnid, 'fish', 0) for number, wnid in sorted(NUMBERS.items())]
    return np.array([*rows, (3, 'n00001740', 'entity', 2)], dtype=kind)[:, None]


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / 'downloads'
    inner = {
        f'{wnid}.tar': tar_bytes({f'{wnid}_{index}.JPEG': picture(10 * label + index) for index in range(3)})
        for label, wnid in enumerate(WNIDS)
    }
    val = {f'ILSVRC2012_val_{index:08d}.JPEG': picture(50 + index) for index in range(1, 5)}
    kit = {
        'data/meta.mat': mat(synsets=synsets()),
        'data/ILSVRC2012_validation_ground_truth.txt': text(map(str, TRUTH)),
    }
    miniature.write_files(
        folder, {'ILSVRC2012_img_train.tar': tar_bytes(inner), 'ILSVRC2012_img_val.tar': tar_bytes(val)}
    )
    kit_files = {f'ILSVRC2012_devkit_t12/{name}': content for name, content in kit.items()}
    miniature.write_tar(folder / 'ILSVRC2012_devkit_t12.tar.gz', kit_files, 'w:gz')
    return folder


def expected() -> dict[str, bytes]:
    train = {
        f'train/{wnid}/{wnid}_{index}.JPEG': picture(10 * label + index)
        for label, wnid in enumerate(WNIDS)
        for index in range(3)
    }
    val = {
        f'val/{NUMBERS[number]}/ILSVRC2012_val_{index:08d}.JPEG': picture(50 + index)
        for index, number in enumerate(TRUTH, 1)
    }
    return train | val


def images_in(root: Path) -> dict[str, bytes]:
    folders = [folder for folder in root.iterdir() if folder.is_dir()]
    files = {
        f'{folder.name}/{name}': content for folder in folders for name, content in miniature.contents(folder).items()
    }
    return {name: content for name, content in files.items() if name.endswith('.JPEG')}


def test_archives_of_archives(downloads: Path, tmp_path: Path, console: Console) -> None:
    root, users = tmp_path / 'imagenet', miniature.stamps(downloads)
    prepare_imagenet(downloads, root, console, MINI)
    assert images_in(root) == expected()
    before = miniature.stamps(root)
    for again in (downloads, None):
        prepare_imagenet(again, root, console, MINI)
        assert miniature.stamps(root) == before and miniature.stamps(downloads) == users


def test_openmmlab_reads_it(downloads: Path, tmp_path: Path, console: Console) -> None:
    prepare_imagenet(downloads, tmp_path / 'imagenet', console, MINI)
    for split, number in (('train', 6), ('val', 4)):
        data = ImageNet(data_root=str(tmp_path / 'imagenet'), split=split, metainfo={'classes': [*WNIDS]}, pipeline=[])
        assert len(data) == number
        assert all(WNIDS[info['gt_label']] in info['img_path'] for info in map(data.get_data_info, range(number)))


def test_folders_are_linked(downloads: Path, tmp_path: Path, console: Console) -> None:
    prepare_imagenet(downloads, tmp_path / 'users', console, MINI)
    prepare_imagenet(tmp_path / 'users', tmp_path / 'imagenet', console, MINI)
    assert images_in(tmp_path / 'imagenet') == expected()
    assert (tmp_path / 'imagenet/train').is_symlink() and (tmp_path / 'imagenet/val').is_symlink()


def test_interrupted_run_has_no_split_and_is_continued(
    downloads: Path, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, copied, copy = tmp_path / 'imagenet', [], shutil.copyfileobj

    def copy_some(source: io.BufferedIOBase, target: io.BufferedIOBase, length: int) -> None:
        copied.append(target)
        if len(copied) == 5:
            raise KeyboardInterrupt
        copy(source, target, length)

    with monkeypatch.context() as patch:
        patch.setattr(imagenet.shutil, 'copyfileobj', copy_some)
        with pytest.raises(KeyboardInterrupt):
            prepare_imagenet(downloads, root, console, MINI)
    assert not (root / 'train').exists() and len(images_in(root)) == 4
    prepare_imagenet(downloads, root, console, MINI)
    assert images_in(root) == expected()


def test_truncated_archives(downloads: Path, tmp_path: Path, console: Console) -> None:
    root = tmp_path / 'imagenet'
    for name in ('ILSVRC2012_img_train.tar', 'ILSVRC2012_img_val.tar'):
        content = (downloads / name).read_bytes()
        (downloads / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ConfigError, match=f'{name} is damaged or not completely downloaded'):
            prepare_imagenet(downloads, root, console, MINI)
        assert not (root / name[15:-4]).exists()
        (downloads / name).write_bytes(content)
    prepare_imagenet(downloads, root, console, MINI)


def test_wrong_sum_is_told_before_anything_is_unpacked(downloads: Path, tmp_path: Path, console: Console) -> None:
    with pytest.raises(ConfigError, match=r'md5 .*, published 1d675b47d978889d74fa0da5fadfb00e'):
        prepare_imagenet(downloads, tmp_path / 'imagenet', console)
    assert not (tmp_path / 'imagenet').exists()


def test_classes_and_images_that_are_missing(downloads: Path, tmp_path: Path, console: Console) -> None:
    one_more = dataclasses.replace(MINI, train=7)
    with pytest.raises(ConfigError, match='1 of 1 missing or incomplete: ImageNet train'):
        prepare_imagenet(downloads, tmp_path / 'imagenet', console, one_more)
    assert '6 images with content in' in console.file.getvalue() and not (tmp_path / 'imagenet/train').exists()
    prepare_imagenet(downloads, tmp_path / 'imagenet', console, MINI)
    shutil.rmtree(tmp_path / 'imagenet/val' / WNIDS[0])
    with pytest.raises(ConfigError, match='1 of 2 missing or incomplete: ImageNet val'):
        prepare_imagenet(None, tmp_path / 'imagenet', console, MINI)
    assert '1 class folders in' in console.file.getvalue()
    with pytest.raises(ConfigError, match='2 of 2 missing or incomplete'):
        prepare_imagenet(None, tmp_path / 'nothing', console, MINI)


def test_splits_of_different_classes(downloads: Path, tmp_path: Path, console: Console) -> None:
    root = tmp_path / 'imagenet'
    prepare_imagenet(downloads, root, console, MINI)
    (root / 'val' / WNIDS[0]).rename(root / 'val/n09999999')
    with pytest.raises(ConfigError, match='different classes: n01440764, n09999999'):
        prepare_imagenet(None, root, console, MINI)


@pytest.mark.parametrize(
    ('name', 'files', 'message'),
    [
        ('train', {'n01440764.tar': tar_bytes({'../x.JPEG': b'x'})}, "'../x.JPEG' is no plain name"),
        ('train', {'n01440764.JPEG': b'x'}, 'no archive of a class'),
        ('val', {'ILSVRC2012_val_00000009.JPEG': b'x'}, 'whose class nothing tells'),
        ('val', {'a/ILSVRC2012_val_00000001.JPEG': b'x'}, 'is no plain name'),
    ],
)
def test_other_archives_of_that_name(
    name: str, files: dict[str, bytes], message: str, downloads: Path, tmp_path: Path, console: Console
) -> None:
    (downloads / f'ILSVRC2012_img_{name}.tar').write_bytes(tar_bytes(files))
    with pytest.raises(ConfigError, match=message):
        prepare_imagenet(downloads, tmp_path / 'imagenet', console, MINI)
    assert not (tmp_path / 'x.JPEG').exists() and not (tmp_path / 'imagenet' / name).exists()


def test_what_is_missing_is_named(downloads: Path, tmp_path: Path, console: Console) -> None:
    (downloads / 'ILSVRC2012_devkit_t12.tar.gz').unlink()
    with pytest.raises(ConfigError, match=r'lack ILSVRC2012_devkit_t12.tar.gz; .*image-net.org'):
        prepare_imagenet(downloads, tmp_path / 'imagenet', console, MINI)
    (downloads / 'ILSVRC2012_img_val.tar').unlink()
    with pytest.raises(ConfigError, match='neither ILSVRC2012_img_val.tar nor a folder val of class folders'):
        prepare_imagenet(downloads, tmp_path / 'imagenet', console, MINI)
    with pytest.raises(ConfigError, match='no folder .*nowhere; give the folder that holds ILSVRC2012_img_train.tar'):
        prepare_imagenet(tmp_path / 'nowhere', tmp_path / 'other', console, MINI)
