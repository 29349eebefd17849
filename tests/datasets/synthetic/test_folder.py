"""complete_folder: a data set is there completely or not at all, and nobody's files are overwritten."""

import json
import multiprocessing
import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cft.datasets.synthetic import FolderOccupied, draw_digit_domains, draw_shapes, read_record
from cft.datasets.synthetic.folder import complete_folder
from cft.errors import ConfigError
from tests.datasets.synthetic.synthetic_files import contents

FEW = {'num_train': 3, 'num_val': 1, 'num_test': 1}


@pytest.mark.parametrize('draw', [draw_shapes, draw_digit_domains])
def test_a_folder_with_files_is_left_alone(tmp_path: Path, draw: Callable) -> None:
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'notes.txt').write_text('mine')
    with pytest.raises(FolderOccupied, match=f'^{tmp_path / "mine"} is not empty; remove it or choose another folder$'):
        draw(tmp_path / 'mine')
    assert contents(tmp_path) == {'mine/notes.txt': b'mine'}


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('mine')
    with pytest.raises(FolderOccupied, match='file is a file; remove it'):
        draw_shapes(tmp_path / 'file')
    with pytest.raises(ConfigError, match='cannot draw into .*file/shapes: .*; choose another folder'):
        draw_shapes(tmp_path / 'file' / 'shapes')
    assert contents(tmp_path) == {'file': b'mine'}


def test_missing_parents_and_empty_folders_are_filled(tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'elsewhere', target_is_directory=True)
    for place in ('empty', 'a/b/c', 'link'):
        draw_shapes(tmp_path / place, **FEW)
    assert contents(tmp_path / 'empty') == contents(tmp_path / 'a/b/c') == contents(tmp_path / 'elsewhere')
    assert (tmp_path / 'link').is_symlink()


def test_record(tmp_path: Path) -> None:
    """What was asked for, defaults included."""
    draw_shapes(tmp_path / 'shapes', **FEW, seed=4)
    record = json.loads((tmp_path / 'shapes' / 'drawn.json').read_text())
    assert record == read_record(tmp_path / 'shapes')
    assert record['type'] == 'shapes' and record['version'] >= 1
    assert record['arguments'] == FEW | {'size': 128, 'seed': 4}
    assert record['classes'] == ['circle', 'square', 'triangle', 'star']


def test_no_record(tmp_path: Path) -> None:
    assert read_record(tmp_path / 'nowhere') is None
    assert read_record(tmp_path) is None
    (tmp_path / 'drawn.json').write_text('{')
    assert read_record(tmp_path) is None


@pytest.mark.parametrize('error', [KeyboardInterrupt, ZeroDivisionError, OSError])
def test_an_interrupted_drawing_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    """After the second image; a full disk is told as the user's to mend."""
    drawn = []

    def fail() -> None:
        drawn.append(1)
        if len(drawn) == 2:
            raise error('no space left') if error is OSError else error

    with pytest.raises(ConfigError if error is OSError else error):
        draw_shapes(tmp_path / 'shapes', **FEW, on_image=fail)
    assert len(drawn) == 2
    assert not list(tmp_path.iterdir())


def test_a_killed_drawing_is_no_data_set(tmp_path: Path) -> None:
    """What it leaves is hidden under another name, and drawing again succeeds."""
    context = multiprocessing.get_context('fork')
    started = context.Event()
    child = context.Process(
        target=draw_shapes, args=(tmp_path / 'shapes',), kwargs={'on_image': lambda: stall(started)}
    )
    child.start()
    assert started.wait(30)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert [path.name.startswith('.shapes.unfinished-') for path in tmp_path.iterdir()] == [True]
    draw_shapes(tmp_path / 'shapes', **FEW)
    assert read_record(tmp_path / 'shapes') is not None


def stall(started: object) -> None:
    started.set()
    time.sleep(60)


def test_the_first_to_finish_wins(tmp_path: Path) -> None:
    """Somebody else's drawing of seed 1 completes while ours of seed 0 is under way."""
    finished: list[int] = []

    def other() -> None:
        if not finished:
            finished.append(1)
            draw_shapes(tmp_path / 'shapes', **FEW, seed=1)

    with pytest.raises(FolderOccupied):
        draw_shapes(tmp_path / 'shapes', **FEW, seed=0, on_image=other)
    assert read_record(tmp_path / 'shapes')['arguments']['seed'] == 1
    assert [path.name for path in tmp_path.iterdir()] == ['shapes']


def test_others_may_read_it(tmp_path: Path) -> None:
    """The usual permissions of a new folder."""
    (tmp_path / 'usual').mkdir()
    with complete_folder(tmp_path / 'drawn', {}) as folder:
        assert not (tmp_path / 'drawn').exists()
        (folder / 'a.txt').write_text('a')
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ('usual', 'drawn')]
    assert modes[0] == modes[1]
    assert contents(tmp_path / 'drawn') == {'a.txt': b'a', 'drawn.json': b'{}\n'}
