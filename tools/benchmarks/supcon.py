"""Time and memory of SupConLoss beside pytorch-metric-learning's, as ratios.

pip install -e .[benchmarks]; python tools/benchmarks/supcon.py [--device cuda]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--channels', type=at_least(1), default=128)
    parser.add_argument('--classes', type=at_least(1), default=16)
    parser.add_argument('--batches', type=at_least(1), nargs='+', default=[64, 256, 1024])
    parser.add_argument('--repeats', type=at_least(1), default=15)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        measure(args)


def measure(args: argparse.Namespace) -> None:
    """Print a line for each batch size."""
    from cft.apis.running.device import check_device

    check_device(args.device)
    import torch
    from pytorch_metric_learning.losses import SupConLoss as PeerLoss

    from cft.apis.running.step_cost import step_seconds
    from cft.models.losses import SupConLoss

    own, peer = SupConLoss(temperature=0.1), PeerLoss(temperature=0.1)
    print('batch | seconds: cft | seconds: peer | time cft/peer | largest gradient difference')
    for batch in args.batches:
        features = torch.randn(batch, args.channels, device=args.device, requires_grad=True)
        labels = torch.arange(batch, device=args.device) % args.classes

        def gradient(loss: torch.nn.Module, features=features, labels=labels) -> torch.Tensor:
            return torch.autograd.grad(loss(features, labels), features)[0]

        first, second = step_seconds([lambda: gradient(own), lambda: gradient(peer)], args.repeats)
        difference = float((gradient(own) - gradient(peer)).abs().max())
        print(f'{batch:5d} | {first:12.5f} | {second:13.5f} | {first / second:13.2f} | {difference:.1e}')


if __name__ == '__main__':
    main()
