"""The kernels compile to machine code of GPUs, which needs none."""

import json
import sys
from pathlib import Path

import pytest

from tests.support.command_line import shell

pytestmark = pytest.mark.slow

# Of one block, in bytes: the least among the GPUs of capability 8.0 and above (8.6, 8.9 and 12.0).
SHARED_MEMORY = 99 * 1024


@pytest.mark.parametrize(('capability', 'precision'), [('80', 'ieee'), ('90', 'tf32')])
def test_kernels_fit_the_gpu(capability: str, precision: str, tmp_path: Path) -> None:
    pytest.importorskip('triton', reason='comes with torch on Linux, but for the builds without CUDA')
    command = (sys.executable, '-m', 'tests.ops.contrastive.kernel_compiler', capability, precision)
    done = shell(*command, TRITON_CACHE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr[-9000:]
    found = {facts['kernel']: facts for facts in map(json.loads, done.stdout.splitlines())}
    assert set(found) == {'statistics_kernel', 'gradient_kernel', 'moments_kernel', 'candidate_gradient_kernel'}
    assert all(facts['code'] > 0 and facts['shared'] <= SHARED_MEMORY for facts in found.values()), found
