"""Started by test_pretraining_monitor_in_two_processes.py: what two ranks log is what one process would."""

import json
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from cft.apis import train
from cft.engine.hooks.pretraining_monitor import log_numbers
from cft.engine.linear_probe import LinearProbe
from tests.support.digits_runs import short_config
from tests.support.two_ranks import run_cases

FOLDER = Path(sys.argv[1])
ROWS = torch.randn(14, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.randint(3, (14,), generator=torch.Generator().manual_seed(1))


def own(rows: torch.Tensor) -> torch.Tensor:
    """Eight rows of the first rank, six of the second."""
    return rows[:8] if dist.get_rank() == 0 else rows[8:]


def probe() -> None:
    """Three steps, the last one with labels on the first rank alone, against a loop over the joined rows."""
    found = LinearProbe(6, 3, dict(type='SGD', lr=0.5), torch.device('cpu'))
    weight, bias = torch.zeros(3, 6), torch.zeros(3)
    unit = ROWS / ROWS.norm(dim=1, keepdim=True) * 6**0.5
    for step in range(3):
        labels = LABELS if step < 2 else torch.where(torch.arange(14) < 8, LABELS, -1)
        found.step(own(ROWS), own(labels))
        known = labels >= 0
        error = (unit @ weight.T + bias).softmax(dim=1) - torch.eye(3)[labels]
        weight = weight - 0.5 * error[known].T @ unit[known] / known.sum()
        bias = bias - 0.5 * error[known].sum(dim=0) / known.sum()
    torch.testing.assert_close(found.weight.detach(), weight)
    torch.testing.assert_close(found.bias.detach(), bias)
    assert float(found.counts[1]) == 14 + 14 + 8


def numbers() -> None:
    """Spread and entropy of the joined batch."""
    entropy = torch.rand(14, generator=torch.Generator().manual_seed(2))
    found = log_numbers({'feature': own(ROWS), 'embedding': own(ROWS.square()), 'queue': own(entropy)})
    for name, rows in (('feature', ROWS), ('embedding', ROWS.square())):
        unit = (rows / rows.norm(dim=1, keepdim=True)).double()
        expected = unit.std(dim=0, correction=0).mean() * 6**0.5
        assert float(found[f'{name}_std']) == pytest.approx(float(expected), rel=1e-6)
    assert float(found['queue_entropy']) == pytest.approx(float(entropy.mean()), rel=1e-6)


def hooks() -> None:
    """A run: one probe on both ranks, and the neighbours that one process finds before training."""
    cfg = short_config('sce', FOLDER / 'together', iterations=1)
    cfg.launcher = 'pytorch'
    cfg.custom_hooks += [dict(type='cft.PretrainingMonitorHook'), dict(type='cft.KNNMonitorHook')]
    runner = train(cfg)
    [monitor] = [hook for hook in runner.hooks if type(hook).__name__ == 'PretrainingMonitorHook']
    parts = [torch.empty_like(monitor._probe.weight) for _ in range(2)]
    dist.all_gather(parts, monitor._probe.weight.detach())
    assert torch.equal(*parts) and parts[0].any()
    dist.barrier()
    found = [
        [json.loads(line)['knn/k20'] for line in log.read_text().splitlines() if 'knn/k20' in line]
        for folder in ('alone', 'together')
        for log in (FOLDER / folder).glob('*/vis_data/scalars.json')
    ]
    assert len(found) == 2 and found[0][0] == pytest.approx(found[1][0], abs=0.4) and len(found[1]) == 2


if __name__ == '__main__':
    sys.exit(run_cases({'probe': probe, 'numbers': numbers, 'hooks': hooks}))
