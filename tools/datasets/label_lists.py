"""Write which training images are labelled where labels are few: the lists that cft compare labels=... trains on.

python tools/datasets/label_lists.py CONFIG --labels 1%,5%,10%,5 [--draws 5] [--to FOLDER] [NAME=VALUE ...]

For any classification data set. A line names an image below data_root; the lists of a draw nest, so that the 1 % are
among the 10 %. Equal data and draws give equal lists everywhere.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file, or the name of one')
    parser.add_argument('settings', nargs='*', metavar='NAME=VALUE', help='settings, e.g. data_root=flowers')
    parser.add_argument('--labels', required=True, help='amounts for each class: numbers or parts')
    parser.add_argument('--draws', type=at_least(1), default=5, help='number of draws, default: %(default)s')
    parser.add_argument(
        '--to', type=Path, default=Path('label_lists'), help='folder of the lists, default: %(default)s'
    )
    return parser.parse_intermixed_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.apis.comparison.amounts import read_amount
        from cft.apis.comparison.label_lists import label_lists, write_label_lists

        amounts = [read_amount(text) for text in args.labels.split(',')]
        lists = label_lists(args.config, amounts, args.draws, args.settings)
        for path, names in zip(write_label_lists(lists, args.to), lists.values(), strict=True):
            print(f'{path}: {len(names):,} images')


if __name__ == '__main__':
    main()
