"""What a training left is tested, used and exported by its folder alone."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import cft_cli
from tests.support.command_line import TINY


def call(*arguments: object) -> None:
    try:
        cft_cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        assert stop.code in (0, None)


@pytest.mark.slow
def test_a_work_dir_is_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call('train', 'quickstart/ce_digits', '--work-dir', 'run', *TINY, 'default_hooks.checkpoint.save_best=auto')
    [best] = (tmp_path / 'run').glob('best_*.pth')
    cv2.imwrite('7.png', np.full((16, 16, 3), 99, np.uint8))
    capsys.readouterr()

    call('test', 'run', '--out', 'alone.json')
    call('test', 'run', best, '--out', 'named.json')
    call('test', 'run', 'test_dataloader.batch_size=250', '--out', 'other.json')
    alone, named, other = (json.loads(Path(f'{name}.json').read_text()) for name in ('alone', 'named', 'other'))
    assert alone['accuracy/top1'] == named['accuracy/top1'] == pytest.approx(other['accuracy/top1'])
    assert f'checkpoint: run/{best.name}, the best by accuracy_top1' in ''.join(capsys.readouterr())

    call('predict', 'run', '7.png', '--out', 'found.csv')
    assert '1 predictions: found.csv' in capsys.readouterr().out
    call('predict', 'run', best, '7.png')
    printed = json.loads(capsys.readouterr().out)
    with Path('found.csv').open(newline='') as file:
        [row] = csv.DictReader(file)
    assert (row['path'], row['class'], float(row['score'])) == ('7.png', printed['class'], printed['score'])

    call('export', 'run', '--format', 'exported-program', '--out', 'model.pt2', '--images', '7.png')
    # The log of the training goes on, because it is the same process.
    told = [line for line in capsys.readouterr().out.splitlines() if 'mmengine' not in line]
    assert [line.split(' from ')[0] for line in told] == [
        'largest difference of logits',
        'largest difference of probabilities',
        'written: model.pt2 and model.json',
    ]
    assert json.loads(Path('model.json').read_text())['model']['checkpoint'] == best.name
