"""Each misuse of the command line ends in one line that names the thing and the remedy, without training a step."""

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import cft_cli
from tests.support.command_line import ROOT, TINY, call_tool, shell
from tests.tools.misuse_table import MISUSES, PROCESSES, Misuse

# What stands for a run in another process; the lock is the kernel's.
HOLDER = """
import sys
from cft.engine.sole_run import sole_run
with sole_run(sys.argv[1], 'the first run'):
    print(flush=True)
    sys.stdin.read()
"""
SECONDS = 90.0
PLAIN = ''.join(f'images/{name}/{index}.png,{name}\n' for name in ('cat', 'dog') for index in range(2))
TABLES = {
    'tables/labels.csv': f'path,label\n{PLAIN}',
    'tables/labels.tsv': f'path,label\n{PLAIN}'.replace(',', '\t'),
    'tables/empty.csv': '',
    'tables/headless.csv': PLAIN,
    'tables/unlabelled.csv': f'path,kind\n{PLAIN}',
    'tables/lost.csv': f'path,label\n{PLAIN}'.replace('dog/', 'hound/'),
    'tables/split.csv': 'path,label,split\nimages/cat/0.png,cat,train\nimages/dog/0.png,dog,holdout\n',
    'tables/ragged.csv': 'path,label\nimages/cat/0.png,cat,tabby\n',
    'tables/twice.csv': 'path,label\nimages/cat/0.png,cat\nimages/dog/0.png,dog\nimages/cat/0.png,dog\n',
    'tables/several.csv': 'path,label\nimages/cat/0.png,cat|dog\nimages/dog/0.png,dog\n',
}


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A folder with what people have at hand, a port and a work dir in use."""
    folder = tmp_path_factory.mktemp('world')
    for name in ('cat', 'dog'):
        (folder / 'images' / name).mkdir(parents=True)
        for index in range(4):
            picture = np.full((40, 40, 3), 30 * index, np.uint8)
            cv2.imwrite(str(folder / 'images' / name / f'{index}.png'), picture)
            for domain in ('art', 'photo'):
                (folder / 'domains' / domain / name).mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / 'domains' / domain / name / f'{index}.png'), picture)
    for index in range(4):
        (folder / 'scans' / 'images').mkdir(parents=True, exist_ok=True)
        (folder / 'scans' / 'masks').mkdir(exist_ok=True)
        cv2.imwrite(str(folder / 'scans' / 'images' / f'{index}.png'), np.full((40, 40, 3), 30 * index, np.uint8))
        # The last is of another size.
        labels = np.arange(40 * (40 if index < 3 else 30)).reshape(40, -1) % 3
        cv2.imwrite(str(folder / 'scans' / 'masks' / f'{index}.png'), labels.astype(np.uint8))
    (folder / 'empty').mkdir()
    (folder / 'folder.json').mkdir()
    (folder / 'linked').mkdir()
    (folder / 'linked' / '.running').symlink_to(folder / 'notes.txt')
    texts = {
        'notes.txt': 'nothing',
        'syntax.py': 'model = dict(\n',
        'baseless.py': "_base_ = ['nowhere.py']\n",
        'failing.py': 'a = 1 / 0\n',
        'blank.py': '',
        'blank.pth': '',
        'damaged.json': '{"model":',
        'two_kinds/train.json': '{"images": [{"id": 1, "file_name": "9.png", "width": 4, "height": 4}], '
        '"annotations": [], "categories": []}',
        'two_kinds/9.xml': '<annotation/>',
        'out_of_range/labels/0.txt': '2 0.5 0.5 0.1 0.1',
        'out_of_range/data.yaml': 'train: images\nnames: [cat, dog]',
        'without_names/data.yaml': 'train: images',
    }
    (folder / 'tables').mkdir()
    (folder / 'tables' / 'images').symlink_to(folder / 'images')
    for name, text in (texts | TABLES).items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    torch.save({'state_dict': {'fc.weight': torch.ones(2, 3)}}, folder / 'head.pth')
    (folder / 'out_of_range' / 'images').mkdir()
    shutil.copy(folder / 'images' / 'cat' / '0.png', folder / 'out_of_range' / 'images')
    train = ['train', 'quickstart/ce_digits', '--work-dir', str(folder / 'run'), *TINY, 'train_cfg.max_iters=2']
    with pytest.raises(SystemExit) as stop:
        cft_cli.main(train)
    assert stop.value.code == 0
    holder = [sys.executable, '-c', HOLDER, str(folder / 'used')]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with socket.create_server(('', 0)) as server, subprocess.Popen(holder, cwd=ROOT, **pipes) as process:
        process.stdout.readline()
        yield folder, server.getsockname()[1]
        process.kill()
        assert (folder / 'notes.txt').read_text() == 'nothing'


def filled(misuse: Misuse, world: tuple[Path, int]) -> Misuse:
    def fill(text: str) -> str:
        return text.replace('{world}', str(world[0])).replace('{port}', str(world[1]))

    return Misuse(
        misuse.command,
        tuple(map(fill, misuse.arguments)),
        tuple(map(fill, misuse.told)),
        {name: fill(value) for name, value in misuse.environment.items()},
    )


def check_told(misuse: Misuse, code: object, out: str, err: str) -> None:
    """The oracle of all rows."""
    last = err.rstrip('\n').split('\n')[-1]
    assert code not in (0, None) and 'Traceback' not in err, f'{code}: {err[-1500:]}'
    assert re.match(r'(\S+( \S+)?: )?error: .', last), f'{code}: {err[-1500:]}'
    assert not re.search(r'(Iter|Epoch)\(train\)', out), 'a step was trained'
    for text in misuse.told:
        assert any(part in last for part in text.split('|')), f'{text!r} is not told: {last}'


@pytest.mark.parametrize('misuse', MISUSES, ids=lambda row: f'{row.command} {" ".join(row.arguments)}'[:90])
def test_misuse(
    misuse: Misuse, world: tuple[Path, int], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    misuse = filled(misuse, world)
    monkeypatch.chdir(world[0])
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    for name, value in misuse.environment.items():
        monkeypatch.setenv(name, value)
    arguments = [*misuse.arguments]
    code: object = 0
    if misuse.command.endswith('.py'):
        code = call_tool(monkeypatch, misuse.command.removeprefix('tools/').removesuffix('.py'), *arguments)
    else:
        if misuse.command == 'train':
            arguments = [*arguments[:1], *(TINY if 'digits' in str(arguments[:1]) else ()), *arguments[1:]]
        try:
            cft_cli.main([misuse.command, *arguments])
        except SystemExit as stop:
            code = stop.code
    check_told(misuse, code, *capfd.readouterr())


@pytest.mark.slow
@pytest.mark.parametrize('misuse', PROCESSES, ids=lambda row: f'{row.command} {" ".join(row.arguments)}'[:90])
def test_process(misuse: Misuse, world: tuple[Path, int]) -> None:
    """As a user starts it; none waits for a job that does not come."""
    misuse = filled(misuse, world)
    command, *arguments = misuse.arguments if misuse.command == 'bash' else ('', *misuse.arguments)
    start = (
        ('bash', ROOT / command)
        if misuse.command == 'bash'
        else (sys.executable, '-c', 'from cft_cli import main; main()')
    )
    begun = time.monotonic()
    done = shell(*start, *arguments, cwd=world[0], PYTHONPATH=str(ROOT), **misuse.environment)
    assert time.monotonic() - begun < SECONDS
    check_told(misuse, done.returncode, done.stdout, done.stderr)


def test_there_are_enough() -> None:
    rows = [(row.command, row.arguments, tuple(row.environment.items())) for row in [*MISUSES, *PROCESSES]]
    assert len(set(rows)) == len(rows) >= 150 and len(PROCESSES) == 10
