"""Turn masks that show classes in colours, or in black and white, into masks of class indices.

python tools/datasets/convert_masks.py MASKS
python tools/datasets/convert_masks.py MASKS --classes labelmap.txt --out FOLDER

The first command lists the colours that occur. Write each with its class into a file, the background first, in the
form name:red,green,blue, or take the labelmap.txt that CVAT exports; a class's label is its place in the file.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors

SHOWN = 256


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('masks', type=Path, metavar='MASKS', help='folder of the masks; it is not changed')
    parser.add_argument('--classes', type=Path, metavar='FILE', help='classes and colours; without it they are listed')
    parser.add_argument('--out', type=Path, metavar='FOLDER', help='where the masks of class indices go')
    parser.add_argument(
        '--ignored', nargs='+', default=[], metavar='NAME', help='classes of the file whose pixels have no label'
    )
    args = parser.parse_args()
    if (args.classes is None) != (args.out is None):
        parser.error('give --classes and --out, or none of them to list the colours')
    return args


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.datasets.preparation import make_console
        from cft.datasets.preparation.mask_colors import color_counts, convert_masks, find_masks, read_mask_classes

        console = make_console()
        if args.classes is None:
            counts = color_counts(find_masks(args.masks), console)
            for (red, green, blue), number in list(counts.items())[:SHOWN]:
                print(f'{red},{green},{blue}  in {number} masks')
            if len(counts) > SHOWN:
                print(f'... {len(counts)} colours: the masks are smoothed or compressed with losses')
            return
        classes = read_mask_classes(args.classes)
        number = convert_masks(args.masks, args.out, classes, args.ignored, console)
        kept = [entry for entry in classes if entry.name not in args.ignored]
        names, palette = tuple(entry.name for entry in kept), [list(entry.color) for entry in kept]
        print(f'wrote {number} masks of {len(kept)} classes into {args.out}; for the config:')
        print(f'metainfo = dict(classes={names}, palette={palette})')


if __name__ == '__main__':
    main()
