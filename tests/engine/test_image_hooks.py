"""Unreadable and double images in real runs on image files."""

import shutil
from pathlib import Path

import pytest

from cft import apis
from cft.apis import load_config, train
from cft.engine.hooks import DuplicateImagesHook, UnreadableImagesHook
from cft.errors import ConfigError, DataError
from tests.support.domain_runs import CE, draw, settings


def config(root: Path, work_dir: Path, **overrides: object):
    cfg = load_config(CE, settings(root, **{'test_domain': 'sketch', 'iterations': 4} | overrides))
    cfg.work_dir, cfg.experiment_name = str(work_dir), str(work_dir).replace('/', '_')
    return cfg


def log_of(work_dir: Path) -> str:
    return '\n'.join(path.read_text() for path in sorted(work_dir.rglob('*.log')))


def damage(root: Path, domain: str, number: int) -> list[Path]:
    """The first images of a class; some of them are held out for validation."""
    files = sorted((root / domain / 'dark').iterdir())[:number]
    for file in files:
        file.write_bytes(file.read_bytes()[:50])
    return files


@pytest.mark.slow
def test_stops_with_the_name(tmp_path: Path) -> None:
    files = damage(draw(tmp_path / 'data', per_class=4), 'photo', 4)
    with pytest.raises(DataError, match='is no readable image') as error:
        train(config(tmp_path / 'data', tmp_path / 'work', train_dataloader__batch_size=36))
    assert any(str(file) in str(error.value) for file in files)


@pytest.mark.slow
def test_skips_and_tells(tmp_path: Path) -> None:
    """Training goes on; each file is told, and all together at the end."""
    root = draw(tmp_path / 'data')
    held_out = {sample['img_path'] for sample in validation_infos(root, tmp_path)}
    files = [file for file in sorted((root / 'photo' / 'dark').iterdir()) if str(file) not in held_out][:2]
    for file in files:
        file.write_bytes(b'')
    options = {'default_hooks__unreadable_images__on_error': 'skip', 'train_dataloader__batch_size': 72}
    train(config(root, tmp_path / 'work', **options))
    log = log_of(tmp_path / 'work')
    for file in files:
        assert log.count(f'{file} is empty') == 1
    assert f'2 of 72 training images could not be read and were replaced by others: {files[0]}, {files[1]}' in log


def validation_infos(root: Path, tmp_path: Path) -> list[dict]:
    from cft.datasets import DomainFolder

    dataset = DomainFolder(str(root), 'sketch', split='val', pipeline=[dict(type='PackInputs', meta_keys=['domain'])])
    return [dataset.get_data_info(index) for index in range(len(dataset))]


@pytest.mark.slow
def test_validation_and_test_images_are_never_skipped(tmp_path: Path) -> None:
    root = draw(tmp_path / 'data')
    train(config(root, tmp_path / 'work'))
    held_out = Path(validation_infos(root, tmp_path)[0]['img_path'])
    whole = held_out.read_bytes()
    held_out.write_bytes(b'')
    with pytest.raises(DataError, match=f'{held_out} is empty'):
        train(config(root, tmp_path / 'other', default_hooks__unreadable_images__on_error='skip'))
    held_out.write_bytes(whole)
    files = damage(root, 'sketch', 1)
    cfg = config(root, tmp_path / 'work', default_hooks__unreadable_images__on_error='skip')
    cfg.load_from = str(tmp_path / 'work' / 'iter_4.pth')
    with pytest.raises(DataError, match=str(files[0])):
        apis.test(cfg)


@pytest.mark.slow
def test_doubles_are_told(tmp_path: Path) -> None:
    """An image of a training domain in the test domain, under another name."""
    root = draw(tmp_path / 'data')
    held_out = {sample['img_path'] for sample in validation_infos(root, tmp_path)}
    source = next(file for file in sorted((root / 'art' / 'grey').iterdir()) if str(file) not in held_out)
    shutil.copy(source, root / 'sketch' / 'bright' / 'copy.png')
    train(config(root, tmp_path / 'work'))
    log = log_of(tmp_path / 'work')
    assert '1 of 31 test images are also training images' in log and f'copy.png = {source}' in log
    assert 'validation images are also' not in log


@pytest.mark.slow
def test_no_doubles_and_too_many_files(tmp_path: Path) -> None:
    root = draw(tmp_path / 'data')
    train(config(root, tmp_path / 'none'))
    assert 'also training images' not in log_of(tmp_path / 'none')
    train(config(root, tmp_path / 'many', default_hooks__duplicate_images__max_files=119))
    assert '120 image files are too many' in log_of(tmp_path / 'many')


@pytest.mark.parametrize('options', [{'on_error': 'ignore'}, {'on_error': 'skip', 'max_skipped': 0}])
def test_wrong_options(options: dict) -> None:
    with pytest.raises(ConfigError, match=next(reversed(options))):
        UnreadableImagesHook(**options)


def test_wrong_limit() -> None:
    with pytest.raises(ConfigError, match='max_files must be at least 1'):
        DuplicateImagesHook(max_files=0)
