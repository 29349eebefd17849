"""Predict with a trained model: cft predict work_dirs/flowers new/ --out found.csv --out-dir pictures.

MODEL is the work dir of a run, of which the best checkpoint is taken or, where validation chose none, the newest; or
a config and a checkpoint. --out writes a table (.csv) or JSON (.json, .jsonl), --out-dir predictions.json and a
picture of each prediction; without them the results are printed, one line of JSON for each image.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import readable_errors
from .options import OVERRIDES, add_model, find_modules_here

CHECKPOINTS = ('.pth', '.pt', '.tar', '.ckpt', '.pkl', '.safetensors', '.npz')


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft predict',
        usage='cft predict [-h] MODEL [CHECKPOINT] IMAGE [IMAGE ...] [--out FILE] [--out-dir FOLDER]',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    parser.add_argument('images', nargs='*', metavar='IMAGE', help='image file, or folder of images')
    parser.add_argument('--out', metavar='FILE', help='table of the results, .csv, .json or .jsonl')
    parser.add_argument('--out-dir', metavar='FOLDER', help='folder for predictions.json and pictures')
    parser.add_argument('--force', action='store_true', help='overwrite the file of --out')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='NAME=VALUE', help=OVERRIDES)
    parser.add_argument('--device', help='as PyTorch names it; default: CUDA where there is one')
    args = parser.parse_intermixed_args(arguments)
    if args.checkpoint is not None and not args.checkpoint.endswith(CHECKPOINTS) and Path(args.config).is_dir():
        # It was left out, and this is the first image.
        args.images.insert(0, args.checkpoint)
        args.checkpoint = None
    if not args.images:
        parser.error('the following arguments are required: IMAGE')
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.apis import predict

        find_modules_here()
        # The results alone go to stdout, without a progress bar or what the libraries say.
        with contextlib.redirect_stdout(sys.stderr):
            results = predict(
                args.config, args.checkpoint, args.images, args.out_dir, args.cfg_options, args.device,
                out=args.out, force=args.force,
            )  # fmt: skip
        if places := [place for place in (args.out, args.out_dir) if place]:
            print(f'{len(results)} predictions: {", ".join(places)}')
        else:
            for result in results:
                print(json.dumps(result))
