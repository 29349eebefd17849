"""Draw a small data set for segmentation and detection: python tools/datasets/draw_shapes.py [FOLDER]."""

import argparse
import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Draw circles, squares, triangles and stars with boxes and masks, in the layouts of VOC and COCO.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('root', nargs='?', default='data/shapes', metavar='FOLDER', help='folder to make')
    parser.add_argument('--num-train', type=at_least(1), default=300, metavar='N', help='training images')
    parser.add_argument('--num-val', type=at_least(1), default=60, metavar='N', help='validation images')
    parser.add_argument('--num-test', type=at_least(1), default=60, metavar='N', help='test images')
    parser.add_argument('--size', type=at_least(16), default=128, metavar='PIXELS', help='side of the images')
    parser.add_argument('--seed', type=at_least(0), default=0, help='other seeds draw other images')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from cft.engine.series_progress import SeriesProgress

    progress = SeriesProgress(args.num_train + args.num_val + args.num_test)
    with readable_errors(), contextlib.closing(progress):
        progress.now(f'drawing {progress.total} images into {args.root}')
        from cft.datasets.synthetic import draw_shapes

        draw_shapes(**vars(args), on_image=progress.advance)
        progress.say(f'{args.root} is complete; look at {Path(args.root) / "preview.png"}')


if __name__ == '__main__':
    main()
