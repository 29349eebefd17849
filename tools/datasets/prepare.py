"""Prepare a data set for classification from the official archives, or from folders already unpacked.

python tools/datasets/prepare.py                                    the data sets: files, counts, licences, home pages
python tools/datasets/prepare.py NAME --from DOWNLOADS [--to data]  link, unpack, check, write data/NAME/labels.csv
python tools/datasets/prepare.py NAME [--to data]                   only verify
python tools/datasets/prepare.py --for TABLE [DOWNLOADS]            all data of a published table, of any task

Nothing is downloaded, and DOWNLOADS is not changed. Run it again at any time: what is there is left alone, and an
interrupted run is continued. labels.csv (path,label,split) is written when every image is there and the counts are
the published ones, and not before. With --for everything that is missing is told in the end, with its page.
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
        'name', nargs='?', default='list', metavar='NAME', help=f'one of {", ".join(NAMES)}; with --for DOWNLOADS'
    )
    parser.add_argument(
        '--from', type=Path, dest='downloads', metavar='DOWNLOADS', help='folder of the downloads; without it, verify'
    )
    parser.add_argument('--to', type=Path, default=Path('data'), help='folder of all data sets, default: %(default)s')
    parser.add_argument('--for', dest='table', metavar='TABLE', help='such as coretuning/table_6; see cft table list')
    args = parser.parse_args()
    if args.table is not None:
        if args.name != 'list':
            if args.downloads is not None:
                parser.error(f'--for: {args.name} and --from {args.downloads} are both folders of downloads')
            args.downloads = Path(args.name)
        if args.to != Path('data'):
            parser.error('--for prepares where the configs look, in data; leave out --to')
        return args
    if args.name not in (*NAMES, 'list'):
        parser.error(f'argument NAME: invalid choice: {args.name!r} (choose from {", ".join((*NAMES, "list"))})')
    if args.name == 'list' and args.downloads is not None:
        parser.error('--from needs the NAME of a data set')
    return args


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.datasets.preparation import make_console
        from cft.datasets.preparation.classification import list_image_sets, prepare_classification

        if args.table is not None:
            prepare_table(args.table, args.downloads)
        elif args.name == 'list':
            list_image_sets(make_console())
        else:
            prepare_classification(args.name, args.downloads, args.to, make_console())


def prepare_table(name: str, downloads: Path | None) -> None:
    """All data that the runs of a table read."""
    from cft.apis.tables.costs import configs_of
    from cft.apis.tables.data_needs import data_needs, prepare_needs
    from cft.apis.tables.reading import read_table
    from cft.apis.tables.runs import plan_table
    from cft.datasets.preparation import make_console
    from cft.errors import ConfigError

    table = read_table(name)
    plans = [plan_table(table, mode, [0]) for mode in table.modes if mode != 'stand-in']
    needs = data_needs(cfg for plan in plans for cfg in configs_of(plan))
    missing = prepare_needs(needs, downloads, make_console())
    if missing:
        raise ConfigError('\n  '.join([f'{len(missing)} of {len(needs)} data sets of {name} are not ready:', *missing]))
    print(f'{name}: {", ".join(need.name for need in needs) or "no data to prepare"}')


if __name__ == '__main__':
    main()
