"""The pages that several tests look at."""

from pathlib import Path

import pytest

from cft.visualization.comparison_page import write_comparison
from cft.visualization.run_page import write_run
from tests.support import made_up_runs
from tests.support.made_up_runs import HOSTILE

TASKS = ('classification', 'segmentation', 'detection', 'pretraining')


@pytest.fixture(scope='session')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of each kind."""
    folder = tmp_path_factory.mktemp('pages')
    for task in TASKS:
        write_run(folder / 'new' / f'{task}.html', getattr(made_up_runs, task)())
    records = made_up_runs.comparison_records()
    write_comparison(
        folder / 'new' / 'comparison.html', records, made_up_runs.comparison(records), title='<h1>"Flowers"',
        lead=HOSTILE[0], command='cft compare data_root="a b"', statements=['Take <b>SCL</b>.', 'More & more.'],
    )  # fmt: skip
    return folder / 'new'
