"""Time and memory of SupConLoss beside pytorch-metric-learning's, as ratios.

pip install -e .[benchmarks]; python tools/benchmarks/supcon.py [--device cuda]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--channels', type=int, default=128)
    parser.add_argument('--classes', type=int, default=16)
    parser.add_argument('--batches', type=int, nargs='+', default=[64, 256, 1024])
    parser.add_argument('--repeats', type=int, default=15)
    return parser.parse_args()


def main() -> None:
    import torch
    from pytorch_metric_learning.losses import SupConLoss as PeerLoss

    from cft.models.losses import SupConLoss

    args = parse_args()
    own, peer = SupConLoss(temperature=0.1), PeerLoss(temperature=0.1)
    print('batch | seconds: cft | seconds: peer | time cft/peer | largest gradient difference')
    for batch in args.batches:
        features = torch.randn(batch, args.channels, device=args.device, requires_grad=True)
        labels = torch.arange(batch, device=args.device) % args.classes
        gradients, times = [], ([], [])
        for _ in range(args.repeats + 2):
            # Alternating, so that whatever else the machine does meets both.
            for index, loss in enumerate((own, peer)):
                seconds, gradient = timed(loss, features, labels)
                times[index].append(seconds)
                gradients.append(gradient)
        first, second = (statistics.median(values[2:]) for values in times)
        difference = float((gradients[0] - gradients[1]).abs().max())
        print(f'{batch:5d} | {first:12.5f} | {second:13.5f} | {first / second:13.2f} | {difference:.1e}')


def timed(loss: Callable, features: object, labels: object) -> tuple[float, object]:
    """Seconds of a forward and backward pass, and the gradient."""
    import torch

    def wait() -> None:
        if features.is_cuda:
            torch.cuda.synchronize()

    wait()
    started = time.perf_counter()
    (gradient,) = torch.autograd.grad(loss(features, labels), features)
    wait()
    return time.perf_counter() - started, gradient


if __name__ == '__main__':
    main()
