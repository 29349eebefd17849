"""The augmented segmentation set of VOC2012: its own masks and those of the Semantic Boundaries Dataset (SBD)."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError
from rich.console import Console
from rich.progress import Progress, track

from cft.datasets.preparation.archives import damage_named
from cft.datasets.preparation.folders import refuse_foreign_folder, require_space, usable_names, write_complete
from cft.datasets.preparation.voc_splits import read_names
from cft.errors import ConfigError

NUM_CLASSES = 21
IGNORED = 255
# 12,031 PNG masks of a few kilobytes.
SPACE = 100 * 2**20


def decode_sbd_mask(content: bytes, name: str) -> np.ndarray:
    """Class indices of an SBD ``cls/*.mat`` file.

    Args:
        content: The file's bytes.
        name: For the error message.

    Returns:
        (H, W) uint8 array of 0 (background) to 20 and 255 (ignored).

    Raises:
        ConfigError: If the file cannot be read or holds other values.
    """
    # Here, as every run would wait for SciPy.
    from scipy.io import loadmat

    try:
        mask = loadmat(io.BytesIO(content))['GTcls'][0]['Segmentation'][0]
    except Exception as error:
        # A damaged file can raise almost anything from within the decoder.
        raise ConfigError(f'{name} is no SBD segmentation ({type(error).__name__}); unpack it again') from error
    return _checked(mask, name)


def decode_voc_mask(path: Path) -> np.ndarray:
    """Class indices of a VOC mask, a palette PNG whose indices are the classes.

    Returns:
        (H, W) uint8 array of 0 to 20 and 255.

    Raises:
        ConfigError: If the file cannot be read, or holds colours in place of indices.
    """
    try:
        with Image.open(path) as image:
            if image.mode not in ('P', 'L'):
                raise ConfigError(f'{path} holds colours ({image.mode}), not class indices; unpack the original')
            mask = np.array(image)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ConfigError(f'{path} is no readable PNG; unpack it again') from error
    return _checked(mask, str(path))


def build_trainaug(voc: Path, source: Path, root: Path, console: Console) -> int:
    """Write ``SegmentationClassAug`` and ``ImageSets/Segmentation/trainaug.txt``.

    The list is SBD's train and val and VOC2012's train without VOC2012's val,
    as in Chen et al., DeepLab (arXiv:1606.00915, section 4.1). Where both data
    sets have a mask, it is VOC's. SBD masks that are there are not converted
    again, and the list comes last, so that an interrupted run is continued.

    Args:
        voc: The folder VOC2012, its segmentation part complete.
        source: benchmark.tgz, or its folder ``dataset`` with ``cls``, ``train.txt`` and ``val.txt``.
        root: Folder of the data set; nothing is written outside.
        console: Where progress is shown.

    Returns:
        Number of names in the list.

    Raises:
        ConfigError: If a mask or the archive is damaged, or SBD's lists are missing.
    """
    masks, lists = voc / 'SegmentationClassAug', voc / 'ImageSets/Segmentation'
    for folder in (masks, lists):
        refuse_foreign_folder(folder, root)
    require_space(root, SPACE)
    train, val = (read_names(lists / f'{split}.txt') for split in ('train', 'val'))
    quiet = not console.is_terminal
    for name in track(sorted({*train, *val}), 'VOC2012 masks', console=console, transient=True, disable=quiet):
        _write_mask(masks / f'{name}.png', decode_voc_mask(voc / 'SegmentationClass' / f'{name}.png'))
    done = usable_names(masks)
    names: dict[str, set[str]] = {}
    console.print(f'converting the masks of {source.name}, for a few minutes', highlight=False)
    for path, content in _sbd_files(source, console):
        if path.suffix == '.txt':
            names[path.stem] = set(content.decode().split())
        elif f'{path.stem}.png' not in done:
            _write_mask(masks / f'{path.stem}.png', decode_sbd_mask(content, f'{source}: {path}'))
    if set(names) != {'train', 'val'}:
        raise ConfigError(f'{source} lacks train.txt or val.txt; take the complete benchmark.tgz')
    trainaug = sorted((names['train'] | names['val'] | set(train)) - set(val))
    write_complete(lists / 'trainaug.txt', lambda file: file.write(''.join(f'{n}\n' for n in trainaug).encode()))
    return len(trainaug)


def _sbd_files(source: Path, console: Console) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Paths below ``dataset`` and contents of the two lists and the masks."""
    quiet = not console.is_terminal
    if source.is_dir():
        files = [source / 'train.txt', source / 'val.txt', *sorted((source / 'cls').glob('*.mat'))]
        present = [file for file in files if file.is_file()]
        for file in track(present, 'SBD masks', console=console, transient=True, disable=quiet):
            yield PurePosixPath(file.relative_to(source).as_posix()), file.read_bytes()
        return
    top = PurePosixPath('benchmark_RELEASE/dataset')
    # A stream: the archive's images, which VOC2012 has already, are never unpacked.
    with (
        damage_named(source),
        Progress(console=console, transient=True, disable=quiet) as progress,
        progress.open(source, 'rb', description='SBD masks') as stream,
        tarfile.open(fileobj=stream, mode='r|*') as archive,
    ):
        for member in archive:
            path = PurePosixPath(member.name)
            if not member.isfile() or not path.is_relative_to(top):
                continue
            inner = path.relative_to(top)
            is_mask = inner.parent == PurePosixPath('cls') and inner.suffix == '.mat'
            if is_mask or str(inner) in ('train.txt', 'val.txt'):
                content = archive.extractfile(member)
                assert content is not None, 'members are regular files'
                yield inner, content.read()


def _checked(mask: np.ndarray, name: str) -> np.ndarray:
    is_index = mask.dtype.kind in 'ui' and mask.ndim == 2
    if not is_index or not np.all(((mask >= 0) & (mask < NUM_CLASSES)) | (mask == IGNORED)):
        raise ConfigError(f'{name} is no mask of the classes 0 to 20 and 255; unpack the original')
    return mask.astype(np.uint8)


def _write_mask(path: Path, mask: np.ndarray) -> None:
    write_complete(path, lambda file: Image.fromarray(mask).save(file, 'PNG'))
