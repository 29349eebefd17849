"""What is in the wheel and in the source distribution, and that it is found from there."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ('cft', 'cft_cli', 'configs', 'tools', 'setup.py', 'README.md', 'LICENSE')
CHECKOUT_ONLY = {'setup_env.sh', 'quickstart.sh', 'run_tests.sh', 'lint.sh', 'check_versions.sh', 'check_wheel.sh'}
FOUND = """
from cft.apis import load_config
from cft.apis.configs.catalogue import find_config, list_configs
print(load_config(find_config('quickstart/ce_digits')).filename)
print(len(list_configs()))
"""


@pytest.fixture(scope='module')
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, as building writes into the tree."""
    folder = tmp_path_factory.mktemp('checkout')
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copy(source, folder / part)
    return folder


def build_wheel(source: Path, out: Path) -> Path:
    command = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '-w', str(out), str(source)]
    subprocess.run(command, check=True, timeout=300)
    (wheel,) = out.glob('*.whl')
    return wheel


@pytest.fixture(scope='module')
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(checkout, tmp_path_factory.mktemp('wheel'))


def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.slow
def test_wheel_has_code_configs_and_tools(wheel: Path) -> None:
    modules = {str(file.relative_to(ROOT)) for part in ('cft', 'cft_cli') for file in (ROOT / part).rglob('*.py')}
    configs = {f'cft/.mim/{file.relative_to(ROOT)}' for file in (ROOT / 'configs').rglob('*.py')}
    tools = {
        f'cft/.mim/{file.relative_to(ROOT)}'
        for suffix in ('py', 'sh')
        for file in (ROOT / 'tools').rglob(f'*.{suffix}')
        if file.name not in CHECKOUT_ONLY
    }
    found = names(wheel)
    assert modules | configs | tools <= found
    assert 'cft/datasets/imagenet100.txt' in found and 'cft/.mim/configs/coretuning/README.md' in found
    assert not [name for name in found if '__pycache__' in name or Path(name).name in CHECKOUT_ONLY]
    assert {name.split('/')[0] for name in found if '.dist-info/' not in name} == {'cft', 'cft_cli'}


@pytest.mark.slow
def test_wheel_declares_the_command(wheel: Path) -> None:
    (entry_points,) = (name for name in names(wheel) if name.endswith('entry_points.txt'))
    parser = ConfigParser()
    parser.read_string(zipfile.ZipFile(wheel).read(entry_points).decode())
    assert dict(parser['console_scripts']) == {'cft': 'cft_cli:main'}


@pytest.mark.slow
def test_unpacked_wheel_finds_its_own_configs(wheel: Path, tmp_path: Path) -> None:
    """In another directory, before the checkout on the path."""
    site = tmp_path / 'site'
    zipfile.ZipFile(wheel).extractall(site)
    done = subprocess.run(
        [sys.executable, '-c', FOUND],
        cwd=tmp_path,
        env=os.environ | {'PYTHONPATH': str(site)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    # The libraries print lines of their own before.
    filename, number = done.stdout.split()[-2:]
    assert filename == str(site / 'cft' / '.mim' / 'configs' / 'quickstart' / 'ce_digits.py')
    configs = (file for file in (ROOT / 'configs').rglob('*.py') if '_base_' not in file.parts)
    assert int(number) == len(list(configs))


@pytest.mark.slow
def test_wheel_of_the_source_distribution_is_the_same(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    command = [sys.executable, 'setup.py', '-q', 'sdist', '--dist-dir', str(tmp_path)]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True, timeout=200)
    (archive,) = tmp_path.glob('*.tar.gz')
    with tarfile.open(archive) as content:
        content.extractall(tmp_path, filter='data')
    (source,) = (folder for folder in tmp_path.iterdir() if folder.is_dir())
    assert names(build_wheel(source, tmp_path / 'wheel')) == names(wheel)
