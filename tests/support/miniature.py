"""Miniature downloads in the genuine layout of the official archives."""

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

SIZE = (6, 5)
VOC07_TRAINVAL, VOC07_TEST = ('000005', '000007', '000009'), ('000001', '000002')
VOC12_DETECTION = ('2007_000027', '2008_000002', '2008_000003', '2008_000007')
VOC12_TRAIN, VOC12_VAL = ('2007_000032', '2007_000039'), ('2007_000033',)
# The lists of SBD overlap with those of VOC2012, as the genuine ones do.
SBD_TRAIN, SBD_VAL = ('2007_000032', '2008_000002'), ('2007_000033', '2008_000003')
TRAINAUG = ['2007_000032', '2007_000039', '2008_000002', '2008_000003']


def jpeg(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.new('RGB', SIZE, (shade, 0, 0)).save(stream, 'JPEG')
    return stream.getvalue()


def voc_indices(name: str) -> np.ndarray:
    """A mask with a border that is to be ignored, different for each name."""
    mask = np.full((SIZE[1], SIZE[0]), 255, np.uint8)
    mask[1:-1, 1:-1] = int(name[-2:]) % 21
    return mask


def sbd_indices(name: str) -> np.ndarray:
    """A mask without a border, and of another class than VOC's of the same name."""
    mask = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    mask[2, :] = (int(name[-2:]) + 7) % 21
    return mask


def palette_png(indices: np.ndarray) -> bytes:
    """VOC's own kind of mask: the indices choose colours of a palette."""
    image = Image.fromarray(indices).convert('P')
    image.putdata(indices.ravel().tolist())
    image.putpalette([value for index in range(256) for value in (255 - index, (37 * index) % 256, index)])
    stream = io.BytesIO()
    image.save(stream, 'PNG')
    return stream.getvalue()


def sbd_mat(indices: np.ndarray) -> bytes:
    """The structure of SBD's cls/*.mat: a struct with boundaries, segmentation and the classes that are there."""
    boundaries = np.empty((20, 1), object)
    boundaries[:, 0] = [csc_matrix(indices.shape, dtype=np.uint8) for _ in range(20)]
    classes = np.setdiff1d(indices, [0, 255]).astype(np.uint8)[:, None]
    stream = io.BytesIO()
    savemat(stream, {'GTcls': {'Boundaries': boundaries, 'Segmentation': indices, 'CategoriesPresent': classes}})
    return stream.getvalue()


def lines(names: tuple[str, ...]) -> bytes:
    return ''.join(f'{name}\n' for name in names).encode()


def voc07_files(names: tuple[str, ...], split: str) -> dict[str, bytes]:
    top = 'VOCdevkit/VOC2007'
    files = {f'{top}/Annotations/{name}.xml': b'<annotation/>' for name in names}
    files |= {f'{top}/ImageSets/Main/{split}.txt': lines(names)}
    files |= {f'{top}/JPEGImages/{name}.jpg': jpeg(int(name)) for name in names}
    return files


def voc12_files() -> dict[str, bytes]:
    top = 'VOCdevkit/VOC2012'
    segmented = VOC12_TRAIN + VOC12_VAL
    files = {f'{top}/Annotations/{name}.xml': b'<annotation/>' for name in VOC12_DETECTION}
    files |= {
        f'{top}/ImageSets/Main/trainval.txt': lines(VOC12_DETECTION),
        f'{top}/ImageSets/Segmentation/train.txt': lines(VOC12_TRAIN),
        f'{top}/ImageSets/Segmentation/val.txt': lines(VOC12_VAL),
    }
    files |= {f'{top}/JPEGImages/{name}.jpg': jpeg(int(name[-2:])) for name in VOC12_DETECTION + segmented}
    files |= {f'{top}/SegmentationClass/{name}.png': palette_png(voc_indices(name)) for name in segmented}
    return files


def sbd_files() -> dict[str, bytes]:
    """With images and instance masks, which nobody needs here."""
    top = 'benchmark_RELEASE/dataset'
    names = SBD_TRAIN + SBD_VAL
    files = {'benchmark_RELEASE/README': b'Semantic boundaries'}
    files |= {f'{top}/cls/{name}.mat': sbd_mat(sbd_indices(name)) for name in names}
    files |= {f'{top}/img/{name}.jpg': jpeg(0) for name in names}
    files |= {f'{top}/inst/{name}.mat': b'not read' for name in names}
    files |= {f'{top}/train.txt': lines(SBD_TRAIN), f'{top}/val.txt': lines(SBD_VAL)}
    return files


def write_voc_archives(folder: Path) -> Path:
    """The archives of VOC and SBD."""
    write_tar(folder / 'VOCtrainval_06-Nov-2007.tar', voc07_files(VOC07_TRAINVAL, 'trainval'))
    write_tar(folder / 'VOCtest_06-Nov-2007.tar', voc07_files(VOC07_TEST, 'test'))
    write_tar(folder / 'VOCtrainval_11-May-2012.tar', voc12_files())
    write_tar(folder / 'benchmark.tgz', sbd_files(), 'w:gz')
    return folder


def coco_files(split: str, count: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Images and annotations of a split."""
    names = [f'{index:012d}.jpg' for index in range(1, count + 1)]
    images = [{'id': index, 'file_name': name, 'height': 5, 'width': 6} for index, name in enumerate(names, 1)]
    content = {'info': {}, 'licenses': [], 'images': images, 'annotations': [], 'categories': []}
    annotations = {
        f'annotations/instances_{split}.json': json.dumps(content).encode(),
        f'annotations/captions_{split}.json': b'{}',
    }
    return {f'{split}/{name}': jpeg(index) for index, name in enumerate(names)}, annotations


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def write_tar(path: Path, files: Mapping[str, bytes], mode: str = 'w') -> Path:
    """With entries for the folders, as the official archives have them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:
        for folder in sorted({str(parent) for name in files for parent in Path(name).parents if str(parent) != '.'}):
            info = tarfile.TarInfo(folder)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for folder in sorted({str(Path(name).parent) for name in files}):
            archive.writestr(f'{folder}/', b'')
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, through links."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """What changes if a file is written again."""
    states = {path: path.lstat() for path in folder.rglob('*')}
    return {str(path.relative_to(folder)): (state.st_ino, state.st_mtime_ns) for path, state in states.items()}
