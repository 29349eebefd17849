"""VOC and SBD from miniature voc_archives and folders."""

import dataclasses
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from cft.datasets.preparation.voc import prepare_voc
from cft.datasets.preparation.voc_splits import SPLITS
from cft.errors import ConfigError
from tests.support import miniature

COUNTS = (3, 2, 4, 2, 1, 4, 1)
MINI = tuple(dataclasses.replace(split, expected=count) for split, count in zip(SPLITS, COUNTS, strict=True))
ALL = ['voc07', 'voc12', 'trainaug']


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """The same, unpacked; VOC2007 in two places."""
    folder = tmp_path / 'unpacked'
    trainval = miniature.voc07_files(miniature.VOC07_TRAINVAL, 'trainval')
    miniature.write_files(folder / 'VOCtrainval_06-Nov-2007', trainval)
    miniature.write_files(folder / 'VOCtest_06-Nov-2007', miniature.voc07_files(miniature.VOC07_TEST, 'test'))
    miniature.write_files(folder, miniature.voc12_files())
    miniature.write_files(folder, miniature.sbd_files())
    return folder


def check_augmented(devkit: Path) -> None:
    """The list and the masks, from the definition of trainaug."""
    folder = devkit / 'VOC2012'
    assert (folder / 'ImageSets/Segmentation/trainaug.txt').read_text().split() == miniature.TRAINAUG
    masks = {path.stem: path for path in (folder / 'SegmentationClassAug').iterdir()}
    voc = {*miniature.VOC12_TRAIN, *miniature.VOC12_VAL}
    assert set(masks) == voc | {*miniature.SBD_TRAIN, *miniature.SBD_VAL}
    for name, path in masks.items():
        with Image.open(path) as image:
            assert image.mode == 'L'
            expected = miniature.voc_indices(name) if name in voc else miniature.sbd_indices(name)
            np.testing.assert_array_equal(np.array(image), expected)


def test_published_counts() -> None:
    counts = {split.title: split.expected for split in SPLITS}
    assert list(counts.values()) == [5011, 4952, 11540, 1464, 1449, 10582, 1449]


def test_archives_become_a_devkit(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    devkit = tmp_path / 'data/VOCdevkit'
    prepare_voc(voc_archives, devkit, ALL, console, MINI)
    files = miniature.contents(devkit)
    for source in (
        miniature.voc07_files(miniature.VOC07_TRAINVAL, 'trainval'),
        miniature.voc07_files(miniature.VOC07_TEST, 'test'),
        miniature.voc12_files(),
    ):
        assert {name.removeprefix('VOCdevkit/'): content for name, content in source.items()}.items() <= files.items()
    check_augmented(devkit)
    assert console.file.getvalue().count(' complete ') == len(MINI)


def test_second_run_writes_nothing(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    prepare_voc(voc_archives, tmp_path / 'out', ALL, console, MINI)
    before = miniature.stamps(tmp_path / 'out')
    prepare_voc(voc_archives, tmp_path / 'out', ALL, console, MINI)
    prepare_voc(None, tmp_path / 'out', ALL, console, MINI)
    assert miniature.stamps(tmp_path / 'out') == before


def test_unpacked_folders_are_linked_and_left_as_they_are(folders: Path, tmp_path: Path, console: Console) -> None:
    before = miniature.contents(folders)
    stamps = miniature.stamps(folders)
    devkit = tmp_path / 'out'
    prepare_voc(folders, devkit, ALL, console, MINI)
    assert miniature.contents(folders) == before
    assert miniature.stamps(folders) == stamps
    check_augmented(devkit)
    image = devkit / 'VOC2007/JPEGImages/000001.jpg'
    assert image.is_symlink() and image.read_bytes() == miniature.jpeg(1)
    prepare_voc(folders, devkit, ALL, console, MINI)
    shutil.rmtree(folders)
    with pytest.raises(ConfigError, match=r'VOC2007 trainval.*VOC2012 trainval'):
        prepare_voc(None, devkit, ALL, console, MINI)


def test_folder_that_is_the_target_already(folders: Path, console: Console) -> None:
    devkit = folders / 'VOCdevkit'
    for half in ('VOCtrainval_06-Nov-2007', 'VOCtest_06-Nov-2007'):
        shutil.copytree(folders / half / 'VOCdevkit', devkit, dirs_exist_ok=True)
        shutil.rmtree(folders / half)
    prepare_voc(folders, devkit, ALL, console, MINI)
    check_augmented(devkit)
    assert not any(path.is_symlink() for path in devkit.rglob('*'))


def test_archive_completes_a_folder_unpacked_in_part(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    miniature.write_files(voc_archives, miniature.voc12_files())
    (voc_archives / 'VOCdevkit/VOC2012/JPEGImages/2008_000007.jpg').write_bytes(b'cut')
    (voc_archives / 'VOCdevkit/VOC2012/Annotations/2008_000003.xml').unlink()
    before = miniature.contents(voc_archives)
    prepare_voc(voc_archives, tmp_path / 'out', ALL, console, MINI)
    assert miniature.contents(voc_archives) == before
    assert (tmp_path / 'out/VOC2012/JPEGImages/2008_000007.jpg').read_bytes() == miniature.jpeg(7)


def test_detection_alone_needs_no_sbd(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    (voc_archives / 'benchmark.tgz').unlink()
    prepare_voc(voc_archives, tmp_path / 'out', ['voc07', 'voc12'], console, MINI)
    text = console.file.getvalue()
    assert 'VOC2012 seg trainaug is absent; it is needed only for augmented segmentation' in text
    assert 'benchmark.tgz (SBD) from https://www2.eecs.berkeley.edu' in text
    with pytest.raises(ConfigError, match='2 of 7 missing or incomplete: VOC2012 seg trainaug'):
        prepare_voc(None, tmp_path / 'out', ['voc12', 'trainaug'], console, MINI)


def test_every_missing_file_is_counted_and_the_first_are_named(
    voc_archives: Path, tmp_path: Path, console: Console
) -> None:
    devkit = tmp_path / 'out'
    prepare_voc(voc_archives, devkit, ALL, console, MINI)
    (devkit / 'VOC2007/Annotations/000007.xml').unlink()
    (devkit / 'VOC2012/JPEGImages/2007_000039.jpg').write_bytes(b'')
    (devkit / 'VOC2012/SegmentationClassAug/2008_000002.png').unlink()
    with pytest.raises(ConfigError, match=r'3 of 7 missing or incomplete: .*trainval, .*seg train, .*seg trainaug'):
        prepare_voc(None, devkit, ['voc07'], console, MINI)
    text = console.file.getvalue()
    assert f'1 of 3 files missing or empty in {devkit}/VOC2007/Annotations: 000007.xml' in text
    assert f'1 of 2 files missing or empty in {devkit}/VOC2012/JPEGImages: 2007_000039.jpg' in text
    assert f'1 of 4 files missing or empty in {devkit}/VOC2012/SegmentationClassAug: 2008_000002.png' in text
    prepare_voc(voc_archives, devkit, ALL, console, MINI)
    check_augmented(devkit)


def test_masks_of_an_interrupted_conversion_are_kept(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    devkit = tmp_path / 'out'
    whole = (voc_archives / 'benchmark.tgz').read_bytes()
    files = miniature.sbd_files()
    broken = 'benchmark_RELEASE/dataset/cls/2008_000003.mat'
    miniature.write_tar(voc_archives / 'benchmark.tgz', files | {broken: b'broken'}, 'w:gz')
    with pytest.raises(ConfigError, match=r'benchmark\.tgz: cls/2008_000003\.mat is no SBD segmentation'):
        prepare_voc(voc_archives, devkit, ALL, console, MINI)
    assert not (devkit / 'VOC2012/ImageSets/Segmentation/trainaug.txt').exists()
    kept = devkit / 'VOC2012/SegmentationClassAug/2008_000002.png'
    before = kept.stat().st_mtime_ns
    (voc_archives / 'benchmark.tgz').write_bytes(whole)
    prepare_voc(voc_archives, devkit, ALL, console, MINI)
    assert kept.stat().st_mtime_ns == before
    check_augmented(devkit)


@pytest.mark.parametrize('kept', [0.3, 0.7])
def test_truncated_sbd_archive_is_named(voc_archives: Path, kept: float, tmp_path: Path, console: Console) -> None:
    sbd = voc_archives / 'benchmark.tgz'
    sbd.write_bytes(sbd.read_bytes()[: int(kept * sbd.stat().st_size)])
    with pytest.raises(ConfigError, match=r'benchmark\.tgz is damaged or not completely downloaded'):
        prepare_voc(voc_archives, tmp_path / 'out', ALL, console, MINI)


def test_sbd_without_its_lists_is_refused(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    files = miniature.sbd_files()
    del files['benchmark_RELEASE/dataset/val.txt']
    miniature.write_tar(voc_archives / 'benchmark.tgz', files, 'w:gz')
    with pytest.raises(ConfigError, match=r'lacks train\.txt or val\.txt'):
        prepare_voc(voc_archives, tmp_path / 'out', ALL, console, MINI)


def test_sbd_waits_for_voc2012(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    (voc_archives / 'VOCtrainval_11-May-2012.tar').unlink()
    with pytest.raises(ConfigError, match='VOC2012 seg trainaug'):
        prepare_voc(voc_archives, tmp_path / 'out', ['trainaug'], console, MINI)
    assert 'benchmark.tgz waits for the segmentation masks of VOC2012' in console.file.getvalue()


def test_folder_without_downloads(tmp_path: Path, console: Console) -> None:
    with pytest.raises(ConfigError, match=r'no folder .*nowhere'):
        prepare_voc(tmp_path / 'nowhere', tmp_path / 'out', ALL, console, MINI)
    # The domain VOC2007 of VLCS has class folders, no split lists.
    (tmp_path / 'in/VOC2007/bird').mkdir(parents=True)
    with pytest.raises(ConfigError, match=r'holds neither VOCtrainval_06-Nov-2007\.tar'):
        prepare_voc(tmp_path / 'in', tmp_path / 'out', ALL, console, MINI)


def test_masks_that_were_converted_from_sbd_alone_become_those_of_voc(
    voc_archives: Path, tmp_path: Path, console: Console
) -> None:
    """Another converter writes SBD's mask where both data sets have one."""
    name = '2007_000032'
    path = tmp_path / f'out/VOC2012/SegmentationClassAug/{name}.png'
    path.parent.mkdir(parents=True)
    Image.fromarray(miniature.sbd_indices(name)).save(path)
    prepare_voc(voc_archives, tmp_path / 'out', ALL, console, MINI)
    check_augmented(tmp_path / 'out')


def test_progress_is_shown_on_a_terminal(voc_archives: Path, tmp_path: Path) -> None:
    terminal = Console(file=io.StringIO(), width=200, force_terminal=True)
    prepare_voc(voc_archives, tmp_path / 'out', ALL, terminal, MINI)
    text = terminal.file.getvalue()
    assert 'VOC2012 masks' in text and 'SBD masks' in text
    # One display for each of three archives, and two of the conversion: each hides the cursor and gives it back.
    assert text.count('\x1b[?25l') == text.count('\x1b[?25h') == 5


def test_segmentation_library_reads_the_result(voc_archives: Path, tmp_path: Path, console: Console) -> None:
    from mmseg.datasets import PascalVOCDataset

    prepare_voc(voc_archives, tmp_path / 'VOCdevkit', ALL, console, MINI)
    dataset = PascalVOCDataset(
        ann_file='ImageSets/Segmentation/trainaug.txt',
        data_root=str(tmp_path / 'VOCdevkit/VOC2012'),
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
        pipeline=[dict(type='mmseg.LoadImageFromFile'), dict(type='mmseg.LoadAnnotations')],
    )
    samples = {Path(sample['img_path']).stem: sample for sample in dataset}
    assert list(samples) == miniature.TRAINAUG
    np.testing.assert_array_equal(samples['2008_000002']['gt_seg_map'], miniature.sbd_indices('2008_000002'))
    np.testing.assert_array_equal(samples['2007_000039']['gt_seg_map'], miniature.voc_indices('2007_000039'))
