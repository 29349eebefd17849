"""Prepare COCO 2017 from the official archives, or from folders already unpacked.

python tools/datasets/prepare_coco.py DOWNLOADS [--out data/coco] [--need val2017]
python tools/datasets/prepare_coco.py --check

DOWNLOADS holds any of train2017.zip, val2017.zip and annotations_trainval2017.zip. It is not changed; folders
unpacked there are linked. Run it again at any time: what is there is left alone, and an interrupted run is
continued. Comparing the images with the annotations reads 0.5 GB of JSON into about 3 GB of memory.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors

PARTS = ('train2017', 'val2017')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument('downloads', nargs='?', type=Path, metavar='DOWNLOADS', help='folder of the downloads')
    action.add_argument('--check', action='store_true', help='only verify what is in --out')
    parser.add_argument('--out', type=Path, default=Path('data/coco'), help='default: %(default)s')
    parser.add_argument(
        '--need',
        nargs='+',
        choices=PARTS,
        default=list(PARTS),
        metavar='PART',
        help=f'parts of {", ".join(PARTS)} without which to fail; the other may be absent. Default: both',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.datasets.preparation import make_console, prepare_coco

        prepare_coco(args.downloads, args.out, args.need, make_console())


if __name__ == '__main__':
    main()
