"""Say what a checkpoint holds: python tools/checkpoints/inspect.py moco_v2_800ep_pretrain.pth.tar.

Nothing in the file is run. CFT_TRUST_CHECKPOINTS=1 unpickles files of your own that hold more than plain data.
"""

import os
import sys

# Python puts the folder of a script first, where this file would stand for the standard library's inspect.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [os.path.dirname(HERE), *(folder for folder in sys.path if folder != HERE)]

import argparse

from _cli import readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('file', help='checkpoint: .pth .pt .tar .ckpt .pkl .safetensors .npz')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.checkpoints import describe_checkpoint

        found = describe_checkpoint(args.file)
    prefixes = [f'{prefix or "(none)":<32} {count:>6}' for prefix, count in found.prefixes.items()]
    rows = {
        'source': [found.source],
        'architecture': [found.architecture.name],
        'tensors': [f'{found.tensors}, {f"under {found.where}" if found.where else "at the top of the file"}'],
        'prefixes': prefixes,
        'beside them': found.others or ['nothing'],
    }
    for title, lines in rows.items():
        for index, line in enumerate(lines):
            print(f'{title if index == 0 else "":<14}{line}')


if __name__ == '__main__':
    main()
