"""tools/train.py and tools/test.py, as a user starts them, on the digits."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from cft.datasets import Digits
from tests.support.command_line import ROOT, TINY, call_tool, shell

CE = ROOT / 'configs/quickstart/ce_digits.py'


@pytest.mark.slow
def test_train_test_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    work = tmp_path / 'work'
    assert call_tool(monkeypatch, 'train', CE, '--work-dir', work, '--cfg-options', *TINY) == 0
    assert (work / 'iter_4.pth').is_file() and (work / 'ce_digits.py').is_file()
    status = call_tool(monkeypatch, 'test', CE, work / 'iter_4.pth', '--work-dir', work, '--out', tmp_path / 'm.json')
    assert status == 0
    assert 0 <= json.loads((tmp_path / 'm.json').read_text())['accuracy/top1'] <= 100
    longer = [*TINY, 'train_cfg.max_iters=6']
    assert call_tool(monkeypatch, 'train', CE, '--work-dir', work, '--resume', '--cfg-options', *longer) == 0
    assert 'resumed epoch: 0, iter: 4' in capfd.readouterr().out
    assert (work / 'iter_6.pth').is_file()
    # What the run leaves is its config from the beginning; a test neither resumes nor changes it.
    left = (work / 'ce_digits.py').read_bytes()
    assert b'resume = False' in left and b'load_from = None' in left
    options = ['--work-dir', work, '--cfg-options', 'test_dataloader.batch_size=100']
    assert call_tool(monkeypatch, 'test', work / 'ce_digits.py', work / 'iter_6.pth', *options) == 0
    assert (work / 'ce_digits.py').read_bytes() == left
    [tested] = [path for path in work.glob('*/ce_digits.py') if 'batch_size=100' in path.read_text()]
    assert tested.parent.name[:8].isdigit()


@pytest.mark.slow
def test_own_folder_from_own_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """A folder of images and a checkpoint of pre-training, through the folder config with another backbone."""
    digits = Digits(split='train', size=40)
    for index in range(40):
        sample = digits.get_data_info(index)
        folder = tmp_path / 'images' / f'digit_{sample["gt_label"] % 3}'
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'{index}.png'), sample['img'])
    small = ['model.backbone.depth=18', 'model.head.in_channels=512', 'train_dataloader.batch_size=8']
    small += ['train_cfg.max_epochs=1']
    small += [
        f'{split}_dataloader.{key}'
        for split in ('train', 'val')
        for key in ('num_workers=0', 'persistent_workers=False')
    ]
    first, second = tmp_path / 'first', tmp_path / 'second'
    config = ROOT / 'configs/ce/r50_folder.py'
    data = f'data_root={tmp_path / "images"}'
    assert call_tool(monkeypatch, 'train', config, '--work-dir', first, '--cfg-options', data, *small) == 0
    checkpoint = f'checkpoint={first / "epoch_1.pth"}'
    extra = ['normalization=dataset', 'model.head.contrastive.projector.in_channels=512']
    core = ROOT / 'configs/coretuning/r50_folder.py'
    assert (
        call_tool(monkeypatch, 'train', core, '--work-dir', second, '--cfg-options', data, checkpoint, *small, *extra)
        == 0
    )
    assert 'tensors loaded' in capfd.readouterr().out
    assert 'num_classes=3' in (second / 'r50_folder.py').read_text()


@pytest.mark.slow
def test_two_processes_from_another_folder(tmp_path: Path) -> None:
    """dist_train.sh CONFIG 2 without a GPU: gloo, both ranks; then dist_test.sh with the same checkpoint."""
    config = ROOT / 'configs/quickstart/coretuning_digits.py'
    work = tmp_path / 'work'
    done = shell(
        'bash', ROOT / 'tools/dist_train.sh', config, 2, '--work-dir', work, '--cfg-options', *TINY, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    log = next(work.glob('*/*.log')).read_text()
    assert 'Distributed training: True' in log and 'GPU number: 2' in log
    assert 'Iter(train) [4/4]' in done.stdout
    out = tmp_path / 'metrics.json'
    done = shell('bash', ROOT / 'tools/dist_test.sh', config, work / 'iter_4.pth', 2, '--out', out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-4000:]
    assert 'accuracy/top1' in json.loads(out.read_text())


def test_launch_scripts_explain_their_use() -> None:
    for script in ('dist_train.sh', 'dist_test.sh', 'slurm_train.sh'):
        done = shell('bash', ROOT / 'tools' / script)
        assert done.returncode == 2 and done.stderr.startswith('usage: ')
    done = shell('bash', ROOT / 'tools/dist_train.sh', CE, 'two')
    assert done.returncode == 2 and "got 'two'" in done.stderr


@pytest.mark.slow
def test_bar_on_a_terminal_lines_elsewhere(tmp_path: Path) -> None:
    """The same command with a pseudo-terminal and with a pipe."""
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(CE), '--work-dir']
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [*command, str(tmp_path / 'bar'), '--cfg-options', *TINY],
        stdout=terminal, stderr=subprocess.DEVNULL, cwd=tmp_path, env=os.environ | {'TERM': 'xterm', 'COLUMNS': '150'},
    ) as process:  # fmt: skip
        os.close(terminal)
        shown = b''
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:  # Linux's end of file of a pseudo-terminal
                break
            if not part:
                break
            shown += part
    assert process.returncode == 0
    text = shown.decode(errors='replace')
    assert 'ETA' in text and '4/4' in text and 'loss_ce' in text
    assert 'Iter(train)' not in text and 'Iter(val)' in text
    assert any('Iter(train)' in path.read_text() for path in (tmp_path / 'bar').glob('*/*.log'))

    piped = shell(*command, tmp_path / 'lines', '--cfg-options', *TINY, cwd=tmp_path)
    assert piped.returncode == 0
    assert 'Iter(train) [4/4]' in piped.stdout and 'ETA' not in piped.stdout and '\x1b[' not in piped.stdout
