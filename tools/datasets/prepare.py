"""Prepare a data set for classification from the official archives, or from folders already unpacked.

python tools/datasets/prepare.py                                    the data sets: files, counts, licences, home pages
python tools/datasets/prepare.py NAME --from DOWNLOADS [--to data]  link, unpack, check, write data/NAME/labels.csv
python tools/datasets/prepare.py NAME [--to data]                   only verify

Nothing is downloaded, and DOWNLOADS is not changed. Run it again at any time: what is there is left alone, and an
interrupted run is continued. labels.csv (path,label,split) is written when every image is there and the counts are
the published ones, and not before.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors

# What cft.datasets.preparation.classification knows.
NAMES = (
    *('imagenet20', 'caltech101', 'dtd', 'aircraft', 'cars', 'pets', 'flowers', 'flowers102', 'inat18', 'inat17'),
    *('caltech256', 'cub', 'places365', 'food101', 'sun397', 'cifar10', 'cifar100', 'imagenet', 'voc07'),
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'name', nargs='?', choices=(*NAMES, 'list'), default='list', metavar='NAME', help=f'one of {", ".join(NAMES)}'
    )
    parser.add_argument(
        '--from', type=Path, dest='downloads', metavar='DOWNLOADS', help='folder of the downloads; without it, verify'
    )
    parser.add_argument('--to', type=Path, default=Path('data'), help='folder of all data sets, default: %(default)s')
    args = parser.parse_args()
    if args.name == 'list' and args.downloads is not None:
        parser.error('--from needs the NAME of a data set')
    return args


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.datasets.preparation import make_console
        from cft.datasets.preparation.classification import list_image_sets, prepare_classification

        if args.name == 'list':
            list_image_sets(make_console())
        else:
            prepare_classification(args.name, args.downloads, args.to, make_console())


if __name__ == '__main__':
    main()
