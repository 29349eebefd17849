"""Both data sets, drawn once."""

from pathlib import Path

import pytest

from cft.datasets.synthetic import draw_digit_domains, draw_shapes
from tests.datasets.synthetic.synthetic_files import NUMBERS


@pytest.fixture(scope='session')
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('drawn') / 'shapes'
    draw_shapes(root, **{f'num_{split}': number for split, number in NUMBERS.items()})
    return root


@pytest.fixture(scope='session')
def digit_domains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('drawn') / 'digit_domains'
    draw_digit_domains(root)
    return root
