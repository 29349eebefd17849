"""Draw a small data set for segmentation and detection: python tools/datasets/draw_shapes.py [FOLDER]."""

import argparse
import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors
from _progress import SeriesProgress


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Draw circles, squares, triangles and stars with boxes and masks, in the layouts of VOC and COCO.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('root', nargs='?', default='data/shapes', metavar='FOLDER', help='folder to make')
    parser.add_argument('--num-train', type=int, default=300, metavar='N', help='training images')
    parser.add_argument('--num-val', type=int, default=60, metavar='N', help='validation images')
    parser.add_argument('--num-test', type=int, default=60, metavar='N', help='test images')
    parser.add_argument('--size', type=int, default=128, metavar='PIXELS', help='side of the images')
    parser.add_argument('--seed', type=int, default=0, help='other seeds draw other images')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    progress = SeriesProgress(args.num_train + args.num_val + args.num_test)
    with readable_errors(), contextlib.closing(progress):
        progress.now(f'drawing {progress.total} images into {args.root}')
        from cft.datasets.drawn import draw_shapes

        draw_shapes(**vars(args), on_image=progress.advance)
        progress.say(f'{args.root} is complete; look at {Path(args.root) / "preview.png"}')


if __name__ == '__main__':
    main()
