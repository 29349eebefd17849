"""Time and memory of the search of nearest neighbours beside scikit-learn's, also among as many rows as ImageNet has.

python tools/benchmarks/neighbours.py --references 131072
python tools/benchmarks/neighbours.py --references 1281167 --alone

Features are random rows in float32. Each search runs in a process of its own; memory is what it takes beyond the
features.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from _cli import at_least, readable_errors
from measures import in_a_process


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--references', type=at_least(1), default=131072, help='rows that are searched')
    parser.add_argument('--queries', type=at_least(1), default=256, help='rows whose neighbours are sought')
    parser.add_argument('--dimensions', type=at_least(1), default=2048)
    parser.add_argument('--neighbours', type=at_least(1), default=20)
    parser.add_argument('--alone', action='store_true', help='without scikit-learn, which holds a copy of the features')
    args = parser.parse_args()
    if args.neighbours > args.references:
        parser.error(f'argument --neighbours: {args.neighbours} of {args.references} --references')
    return args


def main() -> None:
    args = parse_args()
    with readable_errors():
        compare(args)


def compare(args: argparse.Namespace) -> None:
    """Print what each search takes, and on how many rows the two find the same neighbours."""
    # Before the processes begin, so that they do not pay for it.
    import torch  # noqa: F401
    from sklearn.neighbors import NearestNeighbors

    from cft.evaluation.nearest_neighbours import nearest_neighbours

    rng = np.random.default_rng(0)
    references = rng.standard_normal((args.references, args.dimensions), dtype=np.float32)
    queries = rng.standard_normal((args.queries, args.dimensions), dtype=np.float32)

    def ours() -> np.ndarray:
        return nearest_neighbours(queries, references, args.neighbours)[1]

    def peer() -> np.ndarray:
        search = NearestNeighbors(n_neighbors=args.neighbours, algorithm='brute', metric='cosine').fit(references)
        return search.kneighbors(queries, return_distance=False)

    print(
        f'{args.queries} rows among {args.references} of {args.dimensions} numbers, {references.nbytes / 2**20:.0f} MiB'
    )
    print('search       | seconds | MiB beyond the features')
    rows, seconds, memory = in_a_process(ours)
    print(f'cft          | {seconds:7.1f} | {memory:6.0f}', flush=True)
    if not args.alone:
        found, taken, held = in_a_process(peer)
        print(f'scikit-learn | {taken:7.1f} | {held:6.0f}')
        same = (np.sort(rows) == np.sort(found)).all(axis=1).sum()
        print(f'the same neighbours: {same} of {args.queries} rows; time {seconds / taken:.2f} of scikit-learn')


if __name__ == '__main__':
    main()
