"""Time of the k smallest singular values of a batch of features, through the Gram matrix and by SVD, as a ratio.

python tools/benchmarks/bss.py [--rows 256] [--columns 2048] [--device cuda]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--rows', type=at_least(1), nargs='+', default=[48, 256], help='sizes of the batch')
    parser.add_argument('--columns', type=at_least(1), default=2048, help='width of the features')
    parser.add_argument('-k', type=at_least(1), default=1)
    parser.add_argument('--repeats', type=at_least(1), default=15)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        measure(args)


def measure(args: argparse.Namespace) -> None:
    """Print a line for each batch size; value and gradient are compared with those of an SVD in float64."""
    from cft.apis.running.device import check_device

    check_device(args.device)
    import torch

    from cft.apis.running.step_cost import step_seconds
    from cft.models.regularizers import smallest_singular_values

    def by_svd(features: torch.Tensor) -> torch.Tensor:
        return torch.linalg.svd(features, full_matrices=False)[1][-args.k :].square().sum()

    def by_gram(features: torch.Tensor) -> torch.Tensor:
        return smallest_singular_values(features, args.k)

    print('rows | seconds: Gram | seconds: SVD | time SVD/Gram | relative error of value | of gradient')
    for rows in args.rows:
        # As pooled features are: not negative.
        features = torch.randn(rows, args.columns, device=args.device).relu().requires_grad_()

        def gradient(function, rows=features) -> torch.Tensor:
            return torch.autograd.grad(function(rows), rows)[0]

        svd, gram = step_seconds([lambda: gradient(by_svd), lambda: gradient(by_gram)], args.repeats)
        exact = features.detach().double().requires_grad_()
        value, slope = by_svd(exact), gradient(by_svd, exact)
        value_error = float((by_gram(features).detach() - value.detach()).abs() / value.detach())
        slope_error = float((gradient(by_gram) - slope).norm() / slope.norm())
        print(f'{rows:4d} | {gram:13.5f} | {svd:12.5f} | {svd / gram:13.1f} | {value_error:.1e} | {slope_error:.1e}')


if __name__ == '__main__':
    main()
