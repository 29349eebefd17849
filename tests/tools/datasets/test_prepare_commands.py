"""The commands as a user types them."""

import sys
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, call_tool, shell
from tests.support.miniature import write_voc_archives


def test_voc_reports_wrong_counts(tmp_path: Path) -> None:
    voc_archives = write_voc_archives(tmp_path / 'downloads')
    tool = ROOT / 'tools/datasets/prepare_voc.py'
    run = shell(sys.executable, tool, voc_archives, '--out', 'out', '--need', 'voc12', cwd=tmp_path)
    assert run.returncode == 2
    errors = run.stderr.splitlines()
    assert len(errors) == 1 and errors[0].startswith('error: 5 of 7 missing or incomplete: VOC2007 trainval')
    assert 'trainval.txt has 3 names, 5,011 expected' in run.stdout
    assert 'train.txt has 2 names, 1,464 expected' in run.stdout
    # The augmented set is built of complete masks only.
    assert 'benchmark.tgz waits for the segmentation masks of VOC2012' in run.stdout
    assert not (tmp_path / 'out/VOC2012/SegmentationClassAug').exists()


def test_voc_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    assert call_tool(monkeypatch, 'datasets/prepare_voc', '--check') == 2
    output = capfd.readouterr()
    assert output.err.startswith('error: 5 of 7 missing or incomplete') and len(output.err.splitlines()) == 1
    assert 'no data/VOCdevkit/VOC2007/ImageSets/Main/test.txt' in output.out
    assert 'VOCtest_06-Nov-2007.tar from http://host.robots.ox.ac.uk/pascal/VOC/voc2007/' in output.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('arguments', [(), ('somewhere', '--check'), ('somewhere', '--need', 'voc08')])
def test_voc_refuses_contradictions(arguments: tuple[str, ...], tmp_path: Path) -> None:
    run = shell(sys.executable, ROOT / 'tools/datasets/prepare_voc.py', *arguments, cwd=tmp_path)
    assert run.returncode == 2 and 'usage:' in run.stderr and 'Traceback' not in run.stderr


@pytest.mark.parametrize('name', ['voc', 'coco', 'domains'])
def test_help_imports_nothing_heavy(name: str, tmp_path: Path) -> None:
    tool = ROOT / f'tools/datasets/prepare_{name}.py'
    run = shell(sys.executable, '-X', 'importtime', tool, '--help', cwd=tmp_path)
    assert run.returncode == 0 and '--check' in run.stdout
    imported = {line.rpartition('|')[2].strip() for line in run.stderr.splitlines()}
    assert 'argparse' in imported
    assert not imported & {'torch', 'numpy', 'rich', 'scipy', 'cft'}
