"""The cft command: quick help, one line for a mistake, and the commands that need no run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import cft_cli.errors
from cft.apis.configs import catalogue

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
HEAVY = ('cft', 'torch', 'numpy', 'mmengine', 'mmcv')
# What a process has imported when it has answered.
IMPORTED = """
import json, sys
from cft_cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    print(json.dumps([stop.code, sorted({name.split('.')[0] for name in sys.modules})]), file=sys.stderr)
"""


def answer(*arguments: str) -> tuple[str, int, set[str]]:
    """What a process prints, its status, and the packages that it has imported."""
    done = subprocess.run(
        [sys.executable, '-c', IMPORTED, *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    code, imported = json.loads(done.stderr.splitlines()[-1])
    return done.stdout + ''.join(done.stderr.splitlines(keepends=True)[:-1]), code, set(imported)


@pytest.mark.parametrize('arguments', [(), ('--help',), *((name, '--help') for name in cft_cli.COMMANDS)], ids=' '.join)
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    printed, code, imported = answer(*arguments)
    assert code == 0 and not imported & set(HEAVY)
    if len(arguments) == 2:
        assert f'usage: cft {arguments[0]}' in printed
    else:
        assert all(f'  {name} ' in printed and line in printed for name, line in cft_cli.COMMANDS.items())


def test_a_reader_that_leaves() -> None:
    """``cft configs | head -1`` says nothing of it."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, '-c', 'from cft_cli import main; main()', 'configs']
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, '')


def test_unknown_command() -> None:
    printed, code, imported = answer('trian', '--help')
    assert code == 2 and "invalid choice: 'trian'" in printed and 'inspect' in printed
    assert not imported & set(HEAVY)


def test_configs(capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cft_cli.main(['configs'])
    assert capsys.readouterr().out.split() == catalogue.list_configs()
    cft_cli.main(['configs', 'coretuning/*'])
    assert set(capsys.readouterr().out.split()) == {
        f'coretuning/{file.stem}' for file in (CONFIGS / 'coretuning').glob('*.py')
    }
    cft_cli.main(['configs', 'ce/r50_voc_seg', '--path'])
    assert capsys.readouterr().out.split() == [str(CONFIGS / 'ce' / 'r50_voc_seg.py')]


def test_configs_on_a_terminal(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the folders that have them in common, every name once for each folder, within the width."""
    monkeypatch.setenv('COLUMNS', '72')
    # That of the moment: pytest puts its own in its place.
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    cft_cli.main(['configs'])
    first, *blocks = capsys.readouterr().out.strip().split('\n\n')
    assert 'FOLDER/NAME' in first
    found = []
    for block in blocks:
        assert max(map(len, block.splitlines())) <= 72
        folders = [line for line in block.splitlines() if not line.startswith(' ')]
        names = [name for line in block.splitlines()[len(folders) :] for name in line.split()]
        found += [f'{folder}/{name}' for folder in ' '.join(folders).split(', ') for name in names]
    assert sorted(found) == catalogue.list_configs()
    assert len(blocks) < len(found) / 10
    cft_cli.main(['configs', 'scl/*_seg'])
    assert capsys.readouterr().out.split() == catalogue.list_configs('scl/*_seg')


def test_no_such_config(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        cft_cli.main(['configs', 'resnet1000'])
    assert stop.value.code == 2
    assert capsys.readouterr() == ('', 'error: no config is called resnet1000; cft configs lists all\n')


def test_inspect_and_convert(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """What they print and refuse in detail: tests/tools/checkpoints."""
    from torchvision.models import resnet18

    weights = {f'module.encoder_q.{name}': value for name, value in resnet18(num_classes=4).state_dict().items()}
    torch.save({'state_dict': weights}, tmp_path / 'moco.pth')
    cft_cli.main(['inspect', str(tmp_path / 'moco.pth')])
    assert 'ResNet-18' in capsys.readouterr().out
    cft_cli.main(['convert', str(tmp_path / 'moco.pth'), str(tmp_path / 'out.pth')])
    assert f'written: {tmp_path / "out.pth"}' in capsys.readouterr().out
    written = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    assert torch.equal(written['backbone.conv1.weight'], weights['module.encoder_q.conv1.weight'])


def test_opencv_that_cannot_be_loaded(tmp_path: Path) -> None:
    """On a server without libGL; any other failing import keeps its traceback."""
    for message, status in (('libGL.so.1: cannot open shared object file', 2), ('no module named cv2', 1)):
        (tmp_path / 'cft').mkdir(exist_ok=True)
        (tmp_path / 'cft' / '__init__.py').write_text(f'raise ImportError({message!r})')
        done = subprocess.run(
            [sys.executable, '-c', 'from cft_cli import main; main(["configs"])'],
            cwd=tmp_path,
            env=os.environ | {'PYTHONPATH': f'{tmp_path}{os.pathsep}{ROOT}'},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status and message in done.stderr
        assert done.stderr.startswith('error: OpenCV cannot be loaded') is (status == 2)
        assert ('opencv-python-headless' in done.stderr) is (status == 2)


def test_interrupt_is_one_word(capsys: pytest.CaptureFixture) -> None:
    """Ctrl-C where there is nothing to save."""
    with pytest.raises(SystemExit) as stop, cft_cli.errors.readable_errors():
        raise KeyboardInterrupt
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted\n'
