"""cft evaluate: what it prints and writes, and which words are its own."""

import csv
import json
from pathlib import Path

import pytest
import torch

import cft_cli
from cft.apis import build_runner, load_config
from cft_cli.evaluate import parse_args
from tests.support.digits_runs import CONFIGS


def test_words_of_its_own_are_no_settings() -> None:
    args = parse_args(['run', 'measures=knn,s_dbw', 'image_size=32', 'ood_classes=a,b'])
    assert (args.checkpoint, args.cfg_options) == (None, ['image_size=32'])
    assert (args.measures, args.ood_root, args.ood_classes) == ('knn,s_dbw', None, ['a', 'b'])
    assert parse_args(['ce/folder', 'moco.pth']).measures == 'all'


def test_numbers_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """On the terminal, and in a file for programs or for a spreadsheet."""
    cfg = load_config(CONFIGS / 'quickstart' / 'ce_digits.py', {'work_dir': str(tmp_path / 'run')})
    runner = build_runner(cfg)
    classes = {'dataset_meta': {'classes': list('0123456789')}}
    torch.save({'state_dict': runner.model.state_dict(), 'meta': classes}, tmp_path / 'model.pth')
    config, model = CONFIGS / 'quickstart' / 'ce_digits.py', tmp_path / 'model.pth'
    settings = ('--split', 'val', '--work-dir', tmp_path / 'out')
    capsys.readouterr()
    for out in ('found.json', 'found.csv'):
        cft_cli.main([str(a) for a in ('evaluate', config, model, 'measures=knn', *settings, '--out', tmp_path / out)])
    printed = capsys.readouterr().out
    found = json.loads((tmp_path / 'found.json').read_text())
    assert f'classification, 297 val images, {model}' in printed
    assert f'knn/k20  {found["metrics"]["knn/k20"]:.4g}' in ' '.join(printed.split()).replace('knn/k20 ', 'knn/k20  ')
    assert 'worst mistakes' in printed and found == json.loads((tmp_path / 'out' / 'evaluation_val.json').read_text())
    with (tmp_path / 'found.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    numbers = {row['measure']: float(row['value']) for row in rows if row['table'] == 'metrics'}
    assert numbers == found['metrics'] and 's_dbw/tong' not in numbers
    confusion = [[row['name'], row['measure'], int(row['value'])] for row in rows if row['table'] == 'confusion']
    assert sum(count for *_, count in confusion) == 297 and len(confusion) == 100


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (('measures=accurracy',), 'no measure is called'),
        (('--out', 'found.txt'), 'names that end in .json, .csv'),
        (('ood_root=nowhere',), 'there is no such folder'),
    ],
)
def test_mistakes(words: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        cft_cli.main(['evaluate', 'quickstart/ce_digits', str(tmp_path / 'model.pth'), *words])
    assert stop.value.code == 2
    assert told in capsys.readouterr().err
