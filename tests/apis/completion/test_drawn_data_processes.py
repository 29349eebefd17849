"""draw_missing_data in a distributed job: one process draws, the other waits, both learn of an error."""

from pathlib import Path

import pytest

from tests.support.two_ranks import output_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('processes')


@pytest.fixture(scope='module')
def output(folder: Path) -> str:
    (folder / 'file').write_text('')
    return output_of('tests.apis.completion.drawn_data_worker', folder)


def test_one_process_draws(output: str, folder: Path) -> None:
    assert [line for line in output.splitlines() if line.endswith('draws')][:1] == ['[rank 0] draws']
    assert '[rank 1] draws' not in output
    assert output.count('drew the data set') == 1
    assert sorted(path.name for path in folder.iterdir()) == ['file', 'shapes', 'work']


@pytest.mark.parametrize('rank', [0, 1])
def test_both_go_on_and_train(output: str, folder: Path, rank: int) -> None:
    """The runner takes the process group that was there to wait for the drawing."""
    assert f'[rank {rank}] goes on' in output
    assert output.index('[rank 0] draws') < output.index(f'[rank {rank}] goes on')
    assert (folder / 'work' / 'iter_2.pth').is_file()


@pytest.mark.parametrize('rank', [0, 1])
def test_both_learn_of_the_error(output: str, rank: int) -> None:
    assert f'[rank {rank}] cannot draw into ' in output
