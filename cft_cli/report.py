"""Show a training, or compare several, on one HTML page: cft report work_dirs/flowers.

RUN is the work dir of a training, or the folder of a comparison or a search. A single run that was not evaluated is
evaluated first. The page needs no network and no file beside it; the table of several runs is written beside it as
Markdown, LaTeX and CSV.
"""

import argparse
from collections.abc import Sequence

from .errors import readable_errors
from .options import find_modules_here


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft report', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('runs', nargs='+', metavar='RUN', help='work dir of a training, or folder of a plan')
    parser.add_argument('--out', metavar='FILE.html', help='default: report.html in the first folder')
    parser.add_argument('--split', default='test', help='of a run that is not of a plan; default: test')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.apis import report

        find_modules_here()
        print(f'Report: {report(args.runs, args.out, args.split)}')
