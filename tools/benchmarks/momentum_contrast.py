"""Time and memory of what a step of momentum contrast does beside its mathematics, now and before, in one run.

python tools/benchmarks/momentum_contrast.py [--queue 65536] [--batch 256] [--device cuda]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--queue', type=at_least(1), default=65536, help='number of past keys')
    parser.add_argument('--channels', type=at_least(1), default=256, help='width of a key')
    parser.add_argument('--batch', type=at_least(1), default=256, help='keys of a step')
    parser.add_argument('--repeats', type=at_least(1), default=9)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        measure(args)


def measure(args: argparse.Namespace) -> None:
    """Print a line for the guard of a step that may be skipped, and one for LARS on the tensors of ResNet-50."""
    from cft.apis.running.device import check_device

    check_device(args.device)
    import torch
    from mmpretrain.engine import optimizers
    from mmpretrain.models import ResNet

    from cft.apis.running.step_cost import step_seconds
    from cft.engine.forward_state import ForwardState
    from cft.engine.lars import LARS
    from cft.models.selfsup import FeatureQueue

    def line(what: str, now: float, before: float, mebibytes: str) -> None:
        print(f'{what:30} | {now:12.5f} | {before:15.5f} | {now / before:10.2f} | {mebibytes}')

    print(f'{"":30} | seconds: now | seconds: before | now/before | MiB copied: now, before')
    keys = torch.randn(args.batch, args.channels, device=args.device)
    queues = [FeatureQueue(args.queue, args.channels).to(args.device) for _ in range(2)]
    guard, copied = ForwardState(queues[0]), torch.empty_like(queues[1].features)

    def guarded() -> None:
        guard.keep()
        queues[0].enqueue(keys)

    def copying() -> None:
        copied.copy_(queues[1].features)
        queues[1].enqueue(keys)

    rows = [min(args.batch, args.queue), args.queue]
    sizes = ', '.join(f'{4 * number * args.channels / 2**20:.2f}' for number in rows)
    line(f'guard, {args.queue} x {args.channels}', *step_seconds([guarded, copying], args.repeats), sizes)

    steps = []
    for kind in (LARS, optimizers.LARS):
        parameters = list(ResNet(depth=50).to(args.device).parameters())
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        steps.append(kind(parameters, lr=1e-3, momentum=0.9, weight_decay=1e-6).step)
    line(f'LARS, {len(parameters)} tensors', *step_seconds(steps, args.repeats), '')


if __name__ == '__main__':
    main()
