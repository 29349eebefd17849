"""Prepare PASCAL VOC 2007 and 2012 from the official archives, or from folders already unpacked.

python tools/datasets/prepare_voc.py DOWNLOADS [--out data/VOCdevkit] [--need voc12 trainaug]
python tools/datasets/prepare_voc.py --check

DOWNLOADS holds any of VOCtrainval_06-Nov-2007.tar, VOCtest_06-Nov-2007.tar, VOCtrainval_11-May-2012.tar and
benchmark.tgz (SBD, for the 10,582 images of trainaug). It is not changed. Run it again at any time: what is
there is left alone, and an interrupted run is continued.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors

PARTS = ('voc07', 'voc12', 'trainaug')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument('downloads', nargs='?', type=Path, metavar='DOWNLOADS', help='folder of the downloads')
    action.add_argument('--check', action='store_true', help='only verify what is in --out')
    parser.add_argument('--out', type=Path, default=Path('data/VOCdevkit'), help='default: %(default)s')
    parser.add_argument(
        '--need',
        nargs='+',
        choices=PARTS,
        default=['voc07', 'voc12'],
        metavar='PART',
        help=f'parts of {", ".join(PARTS)} without which to fail; other parts may be absent. Default: voc07 voc12',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.datasets.preparation import make_console, prepare_voc

        prepare_voc(args.downloads, args.out, args.need, make_console())


if __name__ == '__main__':
    main()
