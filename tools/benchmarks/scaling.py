"""Memory, communication and time of the supervised contrastive loss over many GPUs, from constants of a machine.

python tools/benchmarks/scaling.py [--batches 65536 1048576] [--ranks 8 64 512] [--width 256]
    [--teraflops 50] [--gigabytes 50] [--microseconds 10] [--encoder-gigaflops 24.6 --encoder-teraflops 400]

A model on paper: what it assumes, and what follows, is in SCALING.md beside it. The first three constants are of one
GPU: float32 products a second, bytes a second that it sends to its neighbour in the ring, and what a message takes
however short it is. The encoder's are what a training image costs, and how fast that is done.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors

FLOAT, LABEL = 4, 8
# Numbers of a row that all ranks hold for the second pass: its label, and up to five weights.
WEIGHTS = 5
# Blocks of rows at once: own (as given, sorted), at hand, next, gradient (sorted, as given).
BLOCKS = 6
# Similarities of the first pass, and of the second once more; rows by weights. A product is an addition, too.
OPERATIONS = 2 * 3
# A gathering form holds similarities, masks, probabilities and their gradients at once: the plain form's 1,370 MiB at
# 8,192 rows, of 256 MiB a matrix.
MATRICES = 5.35
COLUMNS = (
    'images', 'GPUs', 'rows a GPU', 'ring: MiB', 'sent MiB', 'ms', 'of the encoder', 'messages hidden',
    'gathered: MiB', 'sent MiB', 'ms',
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """One GPU of many: float32 operations, bytes to its neighbour, and seconds of the shortest message."""

    operations_per_second: float
    bytes_per_second: float
    latency: float


@dataclass(frozen=True)
class Cost:
    """Of a loss with its gradient, on each rank: bytes held and sent, seconds of products and of messages.

    Attributes:
        memory: Beyond the features themselves.
        sent: In the two rounds of the rows and the exchange of labels and weights.
        computing: Of all products.
        sending: If nothing were computed meanwhile.
        seconds: Of both, each block's message hidden behind the products of the block before.
    """

    memory: float
    sent: float
    computing: float
    sending: float
    seconds: float


def ring(batch: int, ranks: int, width: int, machine: Machine) -> Cost:
    """Blocks of rows travel from rank to rank."""
    rows = batch / ranks
    block = rows * width * FLOAT
    table = batch * (LABEL + WEIGHTS * FLOAT)
    memory = BLOCKS * block + table
    sent = 2 * (ranks - 1) * block + table
    computing = OPERATIONS * rows * batch * width / machine.operations_per_second
    message = machine.latency + block / machine.bytes_per_second if ranks > 1 else 0.0
    exchange = machine.latency * (ranks > 1) + table / machine.bytes_per_second * (ranks > 1)
    # Two rounds; the products of one block are a third and two thirds of its share.
    passes = [
        max(share * computing / ranks, message) * (ranks - 1) + share * computing / ranks for share in (1 / 3, 2 / 3)
    ]
    return Cost(
        memory, sent if ranks > 1 else 0.0, computing, 2 * (ranks - 1) * message + exchange, sum(passes) + exchange
    )


def gathered(batch: int, ranks: int, width: int, machine: Machine) -> Cost:
    """All rows on every rank, similarities as matrices; gradients go back to their owners."""
    rows = batch / ranks
    everything = batch * width * FLOAT
    sent = 2 * everything * (ranks - 1) / ranks
    computing = OPERATIONS * rows * batch * width / machine.operations_per_second
    sending = sent / machine.bytes_per_second + 2 * machine.latency * (ranks - 1)
    return Cost(2 * everything + MATRICES * rows * batch * FLOAT, sent, computing, sending, computing + sending)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batches', type=at_least(1), nargs='+', default=[2**16, 2**20], help='images of all ranks')
    parser.add_argument('--ranks', type=at_least(1), nargs='+', default=[8, 64, 512])
    parser.add_argument('--width', type=at_least(1), default=256, help='D, of a row')
    parser.add_argument('--teraflops', type=float, default=50.0)
    parser.add_argument('--gigabytes', type=float, default=50.0)
    parser.add_argument('--microseconds', type=float, default=10.0)
    parser.add_argument('--encoder-gigaflops', type=float, default=24.6, help='of a training image')
    parser.add_argument('--encoder-teraflops', type=float, default=400.0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        print('\n'.join(table(args)))


def table(args: argparse.Namespace) -> list[str]:
    """A row for each batch and number of ranks, in Markdown."""
    machine = Machine(args.teraflops * 1e12, args.gigabytes * 1e9, args.microseconds * 1e-6)
    lines = [
        '| ' + ' | '.join(COLUMNS) + ' |',
        '|' + ' ---: |' * len(COLUMNS),
    ]
    for batch in args.batches:
        for ranks in args.ranks:
            one, other = (form(batch, ranks, args.width, machine) for form in (ring, gathered))
            encoder = batch / ranks * args.encoder_gigaflops * 1e9 / (args.encoder_teraflops * 1e12)
            hidden = 'yes' if one.seconds < 1.1 * one.computing else 'no'
            lines.append(
                f'| {batch:,} | {ranks} | {batch // ranks:,} | {one.memory / 2**20:,.0f} | {one.sent / 2**20:,.0f} | '
                f'{1e3 * one.seconds:,.1f} | {one.seconds / encoder:.1%} | {hidden} | {other.memory / 2**20:,.0f} | '
                f'{other.sent / 2**20:,.0f} | {1e3 * other.seconds:,.1f} |'
            )
    return lines


if __name__ == '__main__':
    main()
