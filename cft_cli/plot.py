"""Write the figures of a training, or of a comparison, without a report: cft plot work_dirs/flowers --formats pdf.

Learning curves, confusion matrix, features in the plane, similarities; of several runs their results and paired
differences. The numbers of each figure lie beside it as CSV.
"""

import argparse
from collections.abc import Sequence

from .errors import readable_errors
from .options import find_modules_here


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft plot', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work dir of a training, or folder of a plan')
    parser.add_argument('--out', metavar='FOLDER', help='default: figures in the first folder')
    parser.add_argument('--formats', nargs='+', default=['svg', 'png', 'pdf'], help='default: svg png pdf')
    parser.add_argument('--split', default='test', help='of a run that is not of a plan; default: test')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.apis import plot

        find_modules_here()
        for path in plot(args.runs, args.out, args.formats, args.split):
            print(path)
