"""A hundred damaged checkpoints: each ends in a clear error, the previous file, or the very same weights."""

import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import CheckpointLoader

from cft.checkpoints import find_damage, read_checkpoint
from cft.errors import ConfigError
from tests.support.toy_run import ToyModel, toy_runner

LAST, PREVIOUS = 'iter_3.pth', 'iter_2.pth'
Damage = Callable[[Path, random.Random], None]


@pytest.fixture(scope='module')
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three iterations with a checkpoint of each."""
    work_dir = tmp_path_factory.mktemp('pristine')
    toy_runner(work_dir, [], length=3).train()
    return work_dir


def flip(where: Callable[[zipfile.ZipFile, int], list[tuple[int, int]]]) -> Damage:
    """Flip one bit somewhere in the given ranges of bytes."""

    def damage(path: Path, rng: random.Random) -> None:
        data = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            start, end = rng.choice(where(archive, len(data)))
        data[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
        path.write_bytes(data)

    return damage


def contents(archive: zipfile.ZipFile, part: str) -> list[tuple[int, int]]:
    """Where the bytes of some records stand, found in the file by what they are."""
    data = Path(archive.filename).read_bytes()
    records = [(archive.read(record), record) for record in archive.infolist() if part in record.filename]
    starts = [(data.index(content, record.header_offset + 30), len(content)) for content, record in records if content]
    return [(start, start + size) for start, size in starts]


def headers(archive: zipfile.ZipFile, _: int) -> list[tuple[int, int]]:
    return [(record.header_offset, record.header_offset + 30) for record in archive.infolist()]


def truncate(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def zero_block(path: Path, rng: random.Random) -> None:
    """A block of the disk that never arrived."""
    data = bytearray(path.read_bytes())
    start = rng.randrange(0, len(data), 512)
    data[start : start + 512] = bytes(len(data[start : start + 512]))
    path.write_bytes(data)


def replace_by(make: Callable[[Path], None]) -> Damage:
    def damage(path: Path, _: random.Random) -> None:
        path.unlink()
        make(path)

    return damage


def save(content: object) -> Damage:
    return replace_by(lambda path: torch.save(content, path))


DAMAGES: dict[str, tuple[int, Damage]] = {
    'bit of a tensor': (14, flip(lambda archive, _: contents(archive, '/data/'))),
    'bit of the pickle': (14, flip(lambda archive, _: contents(archive, 'data.pkl'))),
    'bit of a header': (14, flip(headers)),
    'bit of the directory': (18, flip(lambda archive, size: [(archive.start_dir, size)])),
    'bit anywhere': (10, flip(lambda _, size: [(0, size)])),
    'truncated': (12, truncate),
    'lost block': (6, zero_block),
    'empty': (1, replace_by(Path.touch)),
    'folder': (1, replace_by(Path.mkdir)),
    'text': (1, replace_by(lambda path: path.write_text('<!DOCTYPE html>\n<html>404</html>\n'))),
    'text like a pickle': (1, replace_by(lambda path: path.write_text('cnobody\nknows\n.'))),
    'gone': (1, replace_by(lambda path: None)),
    'array': (1, replace_by(lambda path: path.write_bytes(np.zeros(3).tobytes()))),
    'list': (1, save([1, 2])),
    'tensor': (1, save(torch.ones(2))),
    'number': (1, save(3)),
    'no weights': (1, save({'meta': {'epoch': 0, 'iter': 3}, 'message_hub': {}})),
    'no tensors': (1, save({'meta': {'epoch': 0, 'iter': 3}, 'message_hub': {}, 'state_dict': {}})),
    'weights alone': (1, save({'state_dict': ToyModel().state_dict()})),
}  # fmt: skip
CASES = [(name, number) for name, (count, _) in DAMAGES.items() for number in range(count)]


def resume(work_dir: Path) -> tuple[int, dict[str, torch.Tensor]]:
    """Iteration and weights with which ``--resume`` begins; nothing is trained."""
    runner = toy_runner(work_dir, [], resume=True)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.call_hook('before_run')
    runner.load_or_resume()
    return runner.iter, runner.model.state_dict()


def assert_weights(found: dict[str, torch.Tensor], path: Path) -> None:
    expected = torch.load(path, weights_only=False)['state_dict']
    assert found.keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in found.items())


def test_there_are_a_hundred_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize(('name', 'number'), CASES)
def test_damaged_file(name: str, number: int, pristine: Path, tmp_path: Path) -> None:
    work_dir = tmp_path / 'work'
    shutil.copytree(pristine, work_dir)
    (work_dir / 'last_checkpoint').write_text(str(work_dir / LAST))
    path = work_dir / LAST
    DAMAGES[name][1](path, random.Random(f'{name} {number}'))
    try:
        content = CheckpointLoader.load_checkpoint(str(path))
    except ConfigError as error:
        assert LAST in str(error)
        readable = False
    else:
        readable = True
        if name in ('bit of a tensor', 'bit of the pickle', 'truncated'):
            pytest.fail(f'{name}: {content}')
    try:
        iteration, weights = resume(work_dir)
    except ConfigError as error:
        # A whole file of something else is no accident of the disk.
        assert name in ('list', 'tensor', 'number', 'no weights', 'no tensors', 'weights alone')
        assert LAST in str(error)
    else:
        assert iteration == (3 if readable else 2)
        assert_weights(weights, pristine / (LAST if readable else PREVIOUS))


def test_every_bit_of_a_directory_entry(tmp_path: Path) -> None:
    """A bit that makes a record a folder to torch's reader leaves its tensor unset, and no check sum differs."""
    path = tmp_path / 'small.pth'
    expected = torch.arange(8.0)
    torch.save({'weight': expected}, path)
    good = path.read_bytes()
    start = good.rindex(b'PK\x01\x02', 0, good.rindex(b'data/0'))
    unnoticed = refused = 0
    for bit in range(8 * start, 8 * good.index(b'PK\x01\x02', start + 1)):
        data = bytearray(good)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        try:
            found = read_checkpoint(path)
        except ConfigError:
            refused += 1
        else:
            assert torch.equal(found['weight'], expected)
            unnoticed += 1
    assert refused > 100 and unnoticed > 0


def test_file_without_check_sums(tmp_path: Path) -> None:
    """It is read as it is: others may have written it so. Ours always have them, see test_checkpoint_files."""
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({'weight': torch.ones(3)}, tmp_path / 'file.pth')
    finally:
        torch.serialization.set_crc32_options(True)
    assert find_damage(tmp_path / 'file.pth') is None
    assert read_checkpoint(tmp_path / 'file.pth')['weight'].sum() == 3
    (tmp_path / 'file.pth').write_bytes((tmp_path / 'file.pth').read_bytes()[:-1])
    assert 'truncated' in find_damage(tmp_path / 'file.pth')


@pytest.mark.parametrize('suffix', ['npz', 'pth'])
def test_flipped_bit_of_numbers_that_torch_load_would_take(suffix: str, tmp_path: Path) -> None:
    """The control: torch itself loads the wrong weight."""
    path = tmp_path / f'file.{suffix}'
    if suffix == 'npz':
        np.savez(path, weight=np.arange(64, dtype=np.float32))
    else:
        torch.save({'weight': torch.arange(64.0)}, path)
    data = bytearray(path.read_bytes())
    data[data.index(np.float32(33).tobytes() + np.float32(34).tobytes()) + 3] ^= 1
    path.write_bytes(data)
    if suffix == 'pth':
        assert torch.load(path)['weight'][33] != 33
    with pytest.raises(ConfigError, match=r'is damaged: the record .* does not match its check sum'):
        read_checkpoint(path)
