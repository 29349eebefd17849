"""Prepare PACS, VLCS or Office-Home from the unpacked download.

python tools/datasets/prepare_domains.py {pacs,vlcs,officehome} FOLDER [--out data/PACS]
python tools/datasets/prepare_domains.py pacs --check

The domains are found under their usual spellings ("Real World", RealWorld, Real ...), side by side and at most
three folders deep, and linked as <out>/<domain>/<class>/*.jpg. FOLDER is not changed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors

# What cft.datasets.preparation.domain_sets knows, and where the configs look for it.
FOLDERS = {'pacs': 'data/PACS', 'vlcs': 'data/VLCS', 'officehome': 'data/OfficeHome'}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', choices=FOLDERS, help='the data set')
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument('folder', nargs='?', type=Path, metavar='FOLDER', help='what was unpacked')
    action.add_argument('--check', action='store_true', help='only verify what is in --out')
    parser.add_argument('--out', type=Path, help='default: data/PACS, data/VLCS or data/OfficeHome')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.datasets.preparation import make_console, prepare_domains

        prepare_domains(args.name, args.folder, args.out or Path(FOLDERS[args.name]), make_console())


if __name__ == '__main__':
    main()
