"""Compile every kernel for a GPU that is not there: ``python -m tests.ops.contrastive.kernel_compiler 80 ieee``."""

import json
import sys

import torch
from triton.backends.compiler import GPUTarget
from triton.runtime import driver

from cft.ops.contrastive import kernel_moments, kernel_passes
from cft.ops.contrastive.rows import Rows
from cft.ops.contrastive.statistics import Weights
from tests.ops.contrastive.kernel_cases import classes, unit


class AbsentGPU:
    """What Triton asks a driver for before it launches a kernel."""

    def __init__(self, capability: int) -> None:
        self.capability = capability

    def get_current_target(self) -> GPUTarget:
        return GPUTarget('cuda', self.capability, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


class Compiled:
    """Stands for a kernel, and compiles it for the arguments that it is launched with."""

    def __init__(self, kernel: object) -> None:
        self.kernel = kernel

    def __getitem__(self, grid: tuple[int, ...]) -> object:
        def compiled(*args: object, **options: object) -> None:
            found = self.kernel.warmup(*args, grid=grid, **options)
            facts = {'shared': found.metadata.shared, 'code': len(found.asm['cubin'])}
            print(json.dumps({'kernel': self.kernel.__name__, **facts}), flush=True)

        return compiled


def main(capability: str, precision: str) -> None:
    """A line of JSON for each kernel."""
    driver.set_active(AbsentGPU(int(capability)))
    torch.backends.cuda.matmul.allow_tf32 = precision == 'tf32'
    for module in (kernel_passes, kernel_moments):
        for name, kernel in list(vars(module).items()):
            if name.endswith('_kernel'):
                setattr(module, name, Compiled(kernel))
    rows, candidates = unit(64, 128), unit(64, 128, 1)
    anchors, weights = Rows(rows, classes(64, 4)), Weights(*torch.zeros(7, 64))
    kernel_passes.row_statistics(anchors, anchors, 0.1, entropy=True, squares=True)
    kernel_passes.add_gradient(torch.zeros(64, 128), anchors, anchors, 0.1, weights, weights)
    kernel_moments.tiled_moments(rows, candidates, True, False)
    kernel_moments.candidate_gradient(rows, candidates, torch.zeros(64), torch.zeros(64))


if __name__ == '__main__':
    main(*sys.argv[1:])
