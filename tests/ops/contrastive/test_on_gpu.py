"""Which implementation serves a call, and what happens where kernels do not work; CPU tensors stand for a GPU's."""

import contextlib
import sys
import types
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from cft.ops.contrastive import on_gpu
from cft.ops.contrastive.on_gpu import kernel_on_gpu, kernels_serve, without_kernels
from tests.support.command_line import shell


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No device has been refused and no kernel compared."""
    monkeypatch.setattr(on_gpu, '_refused', set())
    monkeypatch.setattr(on_gpu, '_agreed', set())


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tensors are taken for CUDA tensors."""
    monkeypatch.setattr(torch.cuda, 'device', lambda device: contextlib.nullcontext())
    monkeypatch.setattr(Tensor, 'is_cuda', property(lambda tensor: True), raising=False)


def summed(monkeypatch: pytest.MonkeyPatch, kernel: Callable[..., object]) -> tuple[Callable[..., Tensor], list[str]]:
    """A decorated function with this kernel, and who was called."""
    calls = []

    def recorded(rows: Tensor, *, doubled: bool = False) -> object:
        calls.append('kernel')
        return kernel(rows, doubled)

    module = types.ModuleType('kernels_of_this_test')
    module.summed = recorded
    monkeypatch.setitem(sys.modules, module.__name__, module)

    @kernel_on_gpu(module.__name__)
    def summed(rows: Tensor, *, doubled: bool = False) -> Tensor:
        calls.append('tiles')
        return rows.sum(dim=1) * (1 + doubled)

    return summed, calls


def right(rows: Tensor, doubled: bool) -> Tensor:
    """What the tiles compute, but for rounding, by which it is told from theirs."""
    return rows.sum(dim=1) * (1 + doubled) * (1 + 1e-5)


def broken(rows: Tensor, doubled: bool) -> Tensor:
    raise RuntimeError('Failed to find C compiler')


ROWS = torch.arange(6.0).view(2, 3)


def test_rows_on_the_cpu_see_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    function, calls = summed(monkeypatch, broken)
    assert torch.equal(function(ROWS), ROWS.sum(dim=1))
    assert calls == ['tiles']


@pytest.mark.usefixtures('gpu')
def test_the_first_call_of_each_kind_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind is types, width and options: whatever is compiled anew. The result is always the kernel's."""
    function, calls = summed(monkeypatch, right)
    for rows, options, expected in (
        (ROWS, {}, ['kernel', 'tiles']),
        (torch.cat([ROWS, ROWS]), {}, ['kernel']),
        (ROWS, {'doubled': True}, ['kernel', 'tiles']),
        (ROWS[:, :2], {}, ['kernel', 'tiles']),
        (ROWS.to(torch.bfloat16), {}, ['kernel', 'tiles']),
        (ROWS, {}, ['kernel']),
    ):
        calls.clear()
        assert torch.equal(function(rows, **options), right(rows, options.get('doubled', False)))
        assert calls == expected


@pytest.mark.usefixtures('gpu')
def test_kernels_can_be_left_out_of_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also within one another."""
    function, calls = summed(monkeypatch, right)
    with without_kernels():
        with without_kernels():
            function(ROWS)
        function(ROWS)
    assert calls == ['tiles', 'tiles'] and not kernels_serve(ROWS.device)
    function(ROWS)
    assert calls == ['tiles', 'tiles', 'kernel', 'tiles'] and kernels_serve(ROWS.device)


@pytest.mark.usefixtures('gpu')
def test_a_kernel_that_fails_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    function, calls = summed(monkeypatch, broken)
    with pytest.warns(RuntimeWarning, match=r'not used on cpu.*RuntimeError: Failed to find C compiler'):
        assert torch.equal(function(ROWS), ROWS.sum(dim=1))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert torch.equal(function(ROWS), ROWS.sum(dim=1))
    assert calls == ['kernel', 'tiles', 'tiles']
    assert not kernels_serve(ROWS.device)


@pytest.mark.usefixtures('gpu')
def test_triton_may_be_missing() -> None:
    @kernel_on_gpu('no_such_module')
    def halved(rows: Tensor) -> Tensor:
        return rows / 2

    with pytest.warns(RuntimeWarning, match='ModuleNotFoundError'):
        assert torch.equal(halved(ROWS), ROWS / 2)


@pytest.mark.usefixtures('gpu')
@pytest.mark.parametrize(
    'wrong',
    [
        lambda rows, doubled: right(rows, doubled) * 1.1,
        lambda rows, doubled: right(rows, doubled) * torch.nan,
        lambda rows, doubled: torch.zeros(len(rows)),
    ],
    ids=['by a tenth', 'nan', 'nothing'],
)
def test_a_kernel_that_differs_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Tensor, bool], Tensor]
) -> None:
    function, _ = summed(monkeypatch, wrong)
    with pytest.warns(RuntimeWarning, match='summed differs from what they compute'):
        assert torch.equal(function(ROWS), ROWS.sum(dim=1))
    assert torch.equal(function(ROWS), ROWS.sum(dim=1))


@pytest.mark.usefixtures('gpu')
def test_rows_that_are_not_finite_say_nothing_against_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features overflow now and then under automatic mixed precision."""
    function, _ = summed(monkeypatch, right)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        found = function(torch.tensor([[1.0, torch.nan], [1.0, 2.0], [torch.inf, 0.0]]))
    assert found.isnan().tolist() == [True, False, False]


@pytest.mark.usefixtures('gpu')
def test_what_terms_that_cancel_leave_says_nothing_against_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of two samples of one class is 0, or some rounding."""
    function, calls = summed(monkeypatch, lambda rows, doubled: rows.sum(dim=1) + 1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        function(torch.tensor([[1.0, -1.0]]))
        function(torch.tensor([[1.0, -1.0]]))
    assert calls == ['kernel', 'tiles', 'kernel']


@pytest.mark.usefixtures('gpu')
@pytest.mark.parametrize(
    'rows',
    [ROWS.double(), torch.zeros(2, on_gpu.WIDEST + 1)],
    ids=['float64', 'wide'],
)
def test_what_kernels_are_not_made_for(monkeypatch: pytest.MonkeyPatch, rows: Tensor) -> None:
    function, calls = summed(monkeypatch, broken)
    function(rows)
    assert calls == ['tiles']


@pytest.mark.usefixtures('gpu')
def test_lack_of_memory_is_no_fault_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(rows: Tensor, doubled: bool) -> Tensor:
        raise torch.OutOfMemoryError

    function, calls = summed(monkeypatch, out_of_memory)
    with pytest.raises(torch.OutOfMemoryError):
        function(ROWS)
    assert calls == ['kernel']


@pytest.mark.usefixtures('gpu')
@pytest.mark.parametrize(('step', 'expected'), [(1.0, 1.0), (1.0 + 1e-5, 1.0 + 1e-5), (2.0, 1.0)])
def test_in_place(monkeypatch: pytest.MonkeyPatch, step: float, expected: float) -> None:
    """Added once in every call, by the kernel unless it is wrong."""
    module = types.ModuleType('kernels_in_place')
    module.increase = lambda rows: rows.add_(step).size and None
    monkeypatch.setitem(sys.modules, module.__name__, module)

    @kernel_on_gpu(module.__name__, in_place=True)
    def increase(rows: Tensor) -> None:
        rows.add_(1.0)

    rows = torch.zeros(1)
    with pytest.warns(RuntimeWarning) if step == 2 else contextlib.nullcontext():
        increase(rows)
    increase(rows)
    torch.testing.assert_close(rows, torch.tensor([2 * expected]), rtol=1e-7, atol=0)


def test_nothing_imports_a_kernel_before_it_is_needed() -> None:
    """Triton is no dependency of training on a CPU."""
    code = (
        'import sys\n'
        'sys.modules["triton"] = None\n'
        'import torch\n'
        'from cft.models.losses import SupConLoss, SCELoss\n'
        'rows = torch.randn(4, 8, requires_grad=True)\n'
        'SupConLoss()(rows, torch.tensor([0, 0, 1, 1])).backward()\n'
        'SCELoss()(rows, rows.detach(), torch.randn(8, 8)).backward()\n'
        'print([name for name in sys.modules if "contrastive.kernel" in name])\n'
    )
    done = shell(sys.executable, '-c', code)
    assert done.stdout.strip().endswith('[]'), done.stderr[-3000:]
