"""Write a trained model as a file that runs without cft: cft export work_dirs/flowers --out flowers.onnx.

MODEL is the work dir of a run, of which the best checkpoint is taken or, where validation chose none, the newest; or
a config and a checkpoint. The JSON file beside it says how an image is prepared, and what the outputs are. The file is
run and compared with PyTorch on images of the test data, and not written if they differ.
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import readable_errors
from .options import OVERRIDES, add_model, add_settings, find_modules_here, no_setting_as_checkpoint, parse

FORMATS = ('onnx', 'exported-program')


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft export', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    add_settings(parser)
    parser.add_argument('--format', choices=FORMATS, default='onnx', help="default: onnx; the other is PyTorch's own")
    parser.add_argument('--embedding', action='store_true', help='features instead of predictions')
    parser.add_argument('--out', metavar='FILE', help='.onnx or .pt2; default: beside the checkpoint, by its name')
    parser.add_argument(
        '--images', nargs='+', metavar='IMAGE', help='files or folders to compare on; default: the test data'
    )
    parser.add_argument('--force', action='store_true', help='overwrite the files')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='NAME=VALUE', help=OVERRIDES)
    args = parse(parser, arguments)
    no_setting_as_checkpoint(args)
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.apis import export

        find_modules_here()
        with contextlib.redirect_stdout(sys.stderr):
            facts = export(
                args.config, args.checkpoint, args.format, args.embedding, args.out, args.cfg_options, args.images,
                args.force,
            )  # fmt: skip
        parity = facts['parity']
        for name, difference in parity['largest_difference'].items():
            print(f'largest difference of {name} from PyTorch: {difference:.1e} ({parity["images"]} images)')
        print(f'written: {facts["file"]} and {Path(facts["file"]).with_suffix(".json")}')
