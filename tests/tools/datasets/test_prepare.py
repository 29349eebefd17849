"""``tools/datasets/prepare.py`` as a user types it."""

import runpy
import sys
from pathlib import Path

import pytest

from cft.datasets import LabelTable
from cft.datasets.preparation.classification import IMAGE_SETS, OTHER_SETS
from cft.errors import ConfigError
from tests.support.classification_downloads import write_downloads
from tests.support.command_line import ROOT, call_tool, shell
from tests.support.miniature import contents, write_voc_archives

TOOL = ROOT / 'tools/datasets/prepare.py'


def test_names_are_those_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    names = runpy.run_path(str(TOOL))['NAMES']
    assert len(set(names)) == len(names) and set(names) == IMAGE_SETS.keys() | OTHER_SETS.keys()


@pytest.mark.parametrize('arguments', [(), ('list',)])
def test_list(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    assert call_tool(monkeypatch, 'datasets/prepare', *arguments) == 0
    output = capfd.readouterr().out
    for name, wanted in (IMAGE_SETS | OTHER_SETS).items():
        assert f'{name}: {wanted.title}, {wanted.page}' in output


def test_wrong_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """The miniature is not the data set: exit status 2, both counts, where it comes from, and no table."""
    monkeypatch.chdir(tmp_path)
    downloads = write_downloads('cars', tmp_path / 'downloads')
    before = contents(downloads)
    assert call_tool(monkeypatch, 'datasets/prepare', 'cars', '--from', 'downloads', '--to', 'sets') == 2
    output = capfd.readouterr()
    assert output.err.startswith('error: 2 of 2 missing or incomplete: Stanford Cars, train')
    assert len(output.err.splitlines()) == 1
    assert '8 images are listed, 8,144 expected' in output.out and IMAGE_SETS['cars'].page in output.out
    assert contents(downloads) == before
    assert (tmp_path / 'sets/cars/cars_train/00001.jpg').is_file() and not (tmp_path / 'sets/cars/labels.csv').exists()


@pytest.mark.parametrize('name', sorted(IMAGE_SETS | OTHER_SETS))
def test_nothing_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """Verifying writes nothing; an empty folder of downloads is told what it lacks."""
    monkeypatch.chdir(tmp_path)
    assert call_tool(monkeypatch, 'datasets/prepare', name) == 2
    assert call_tool(monkeypatch, 'datasets/prepare', name, '--from', 'nowhere') == 2
    first, second = capfd.readouterr().err.splitlines()
    assert first.startswith('error: ') and second.startswith('error: no folder nowhere; give the folder that holds ')
    assert not list(tmp_path.iterdir())


def test_voc_for_classification_needs_2007_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    write_voc_archives(tmp_path / 'downloads')
    for archive in ('VOCtrainval_11-May-2012.tar', 'benchmark.tgz'):
        (tmp_path / 'downloads' / archive).unlink()
    assert call_tool(monkeypatch, 'datasets/prepare', 'voc07', '--from', 'downloads') == 2
    assert capfd.readouterr().err.startswith('error: 2 of 7 missing or incomplete: VOC2007 trainval, VOC2007 test;')
    assert (tmp_path / 'data/VOCdevkit/VOC2007/JPEGImages').is_dir()


@pytest.mark.parametrize('arguments', [('--from', 'x'), ('list', '--from', 'x'), ('imagenet21k',), ('cars', '--check')])
def test_contradictions(arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    assert call_tool(monkeypatch, 'datasets/prepare', *arguments) == 2
    assert 'usage:' in capfd.readouterr().err


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    run = shell(sys.executable, '-X', 'importtime', TOOL, '--help', cwd=tmp_path)
    assert run.returncode == 0 and '--from DOWNLOADS' in run.stdout
    imported = {line.rpartition('|')[2].strip() for line in run.stderr.splitlines()}
    assert 'argparse' in imported and not imported & {'torch', 'numpy', 'rich', 'scipy', 'cft'}


def test_missing_table_tells_the_command() -> None:
    """A config of a data set that nobody has prepared."""
    for name, wanted in IMAGE_SETS.items():
        with pytest.raises(ConfigError) as error:
            LabelTable(data_root=f'data/{name}/labels.csv')
        command = f'python tools/datasets/prepare.py {name} --from DOWNLOADS'
        assert str(error.value).endswith(f'or download {wanted.title} from {wanted.page}, then run {command}')
    with pytest.raises(ConfigError, match='give the table with data_root=FILE$'):
        LabelTable(data_root='data/mine/labels.csv')


def test_readme_holds_the_same_table() -> None:
    text = (ROOT / 'tools/datasets/README.md').read_text()
    for name, wanted in (IMAGE_SETS | OTHER_SETS).items():
        files = ', '.join(f'`{file}`' for file in dict.fromkeys(part.archive or part.place for part in wanted.parts))
        assert f'| `{name}` | {wanted.page} | {wanted.licence} | {files} | {wanted.gigabytes:g} GB |' in text
        counts = f'{wanted.classes:,} | {wanted.train:,} | {wanted.test:,}'
        assert f'| `{name}` | {counts} | {wanted.reading} |' in text
