"""What the kernels are called with, and the process that calls them.

Without a GPU, kernels run in Triton's interpreter, on the CPU. Triton decides
so when it is imported, which libraries do in any process of ours: a test needs
one of its own.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

REPOSITORY = Path(__file__).resolve().parents[3]
CHILD = """
import sys
import torch
from tests.ops.contrastive import {module}

torch.save({{name: {module}.by_kernels(case) for name, case in {module}.CASES.items()}}, sys.argv[1])
"""


class Supervised(NamedTuple):
    """Unit rows sorted by class; without ``others`` they are each other's candidates."""

    anchors: Tensor
    labels: Tensor
    others: Tensor | None = None
    other_labels: Tensor | None = None
    temperature: float = 0.1
    options: tuple[str, ...] = ('entropy', 'squares')


class Moments(NamedTuple):
    """Rows divided by the temperature, and candidates."""

    rows: Tensor
    candidates: Tensor
    own: bool = False
    normalize: bool = False


def unit(count: int, width: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    """Reproducible unit rows."""
    rows = torch.randn(count, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=1).to(dtype)


def classes(count: int, number: int) -> Tensor:
    """Labels of which each comes up, ascending."""
    return (torch.arange(count) % number).sort().values


def interpreted(module: str, folder: Path) -> dict[str, list[Tensor | None]]:
    """What the kernels make of a test module's CASES."""
    pytest.importorskip('triton', reason='comes with torch on Linux, but for the builds without CUDA')
    path = folder / 'found.pt'
    environment = os.environ | {'TRITON_INTERPRET': '1', 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(REPOSITORY)}
    done = subprocess.run(
        # An empty sum's logarithm and exponentials of what is masked are none of the result.
        [sys.executable, '-W', 'ignore', '-c', CHILD.format(module=module), path],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-9000:]
    return torch.load(path, weights_only=True)


def assert_close(found: Tensor | None, expected: Tensor, tolerance: float) -> None:
    """Within ``tolerance`` of the largest entry; NaN, and what stands for the logarithm of 0, where they belong."""
    assert found is not None
    nothing = expected < -1e30
    assert torch.equal(found < -1e30, nothing)
    found, expected = found.double().masked_fill(nothing, 0.0), expected.masked_fill(nothing, 0.0)
    scale = max([1.0, *expected.nan_to_num().abs().flatten().tolist()])
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * scale, equal_nan=True)
