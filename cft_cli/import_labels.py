"""Make COCO JSON of the labels of a tool: cft import labelme street/ street_coco/, then data_root=street_coco.

FORMAT is cvat (XML for images 1.1: boxes, polygons, masks), labelme (JSON files: polygons, rectangles, circles, masks)
or yolo (text files: boxes, outlines). A report tells what was read, converted and skipped.
"""

import argparse
from collections.abc import Sequence

from .errors import readable_errors

FORMATS = ('cvat', 'labelme', 'yolo')


def parse_args(arguments: Sequence[str] | None, prog: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('format', choices=FORMATS, metavar='FORMAT', help=', '.join(FORMATS))
    parser.add_argument('source', metavar='IN', help='file or folder of the export')
    parser.add_argument('out', metavar='OUT', help='new folder')
    parser.add_argument('--images', metavar='DIR', help='folder of the images, where the export does not have them')
    parser.add_argument('--copy-images', action='store_true', help='copy the images into OUT/images')
    parser.add_argument(
        '--masks', action='store_true', help='write masks and classes.txt for segmentation, too, and copy the images'
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None, prog: str = 'cft import') -> None:
    args = parse_args(arguments, prog)
    with readable_errors():
        from cft.datasets.conversion import convert_labels

        print(convert_labels(args.format, args.source, args.out, args.images, args.copy_images, args.masks))
