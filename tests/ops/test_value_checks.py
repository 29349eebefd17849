"""check_values: an error with the value where it is at hand, an assertion of the device where it is not."""

import pytest
import torch
from torch import Tensor

from cft.errors import DataError
from cft.ops import check_values
from tests.support.synchronisations import synchronisations


def check(labels: Tensor) -> None:
    check_values(labels, labels < 3, DataError, lambda label: f'label {label} is too large')


def test_the_first_wrong_value_is_named() -> None:
    check(torch.tensor([0, 2]))
    check(torch.tensor([], dtype=torch.long))
    with pytest.raises(DataError, match='^label 7 is too large$'):
        check(torch.tensor([0, 7, 9]))


def test_nothing_is_read_where_reading_would_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on CUDA and in a compiled function; on the CPU the device's assertion fails at once."""
    assert synchronisations(lambda: check(torch.tensor([0, 2])))
    monkeypatch.setattr(torch.compiler, 'is_compiling', lambda: True)
    assert not synchronisations(lambda: check(torch.tensor([0, 2])))
    with pytest.raises(RuntimeError, match='label .a value on the device. is too large'):
        check(torch.tensor([0, 7]))


def test_compiles_as_one_graph() -> None:
    def checked(labels: Tensor) -> Tensor:
        check(labels)
        return labels + 1

    compiled = torch.compile(checked, fullgraph=True, backend='aot_eager')
    assert compiled(torch.tensor([0, 2])).tolist() == [1, 3]
    with pytest.raises(RuntimeError, match='too large'):
        compiled(torch.tensor([0, 7]))
