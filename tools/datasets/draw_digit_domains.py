"""Draw a small data set for domain generalisation: python tools/datasets/draw_digit_domains.py [FOLDER]."""

import argparse
import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors

NUM_DIGITS = 1797


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Draw scikit-learn's handwritten digits in four appearances, each digit in one of them.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('root', nargs='?', default='data/digit_domains', metavar='FOLDER', help='folder to make')
    parser.add_argument('--seed', type=at_least(0), default=0, help='another seed deals the digits out otherwise')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from cft.engine.series_progress import SeriesProgress

    progress = SeriesProgress(NUM_DIGITS)
    with readable_errors(), contextlib.closing(progress):
        progress.now(f'drawing {progress.total} digits into {args.root}')
        from cft.datasets.synthetic import draw_digit_domains

        draw_digit_domains(args.root, args.seed, on_image=progress.advance)
        progress.say(f'{args.root} is complete; look at {Path(args.root) / "preview.png"}')


if __name__ == '__main__':
    main()
