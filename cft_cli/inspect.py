"""Say what a checkpoint holds: cft inspect moco_v2_800ep_pretrain.pth.tar.

Nothing in the file is run. CFT_TRUST_CHECKPOINTS=1 unpickles files of your own that hold more than plain data.
"""

import argparse
from collections.abc import Sequence

from .errors import readable_errors


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft inspect', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('file', help='checkpoint: .pth .pt .tar .ckpt .pkl .safetensors .npz')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.checkpoints import describe_checkpoint

        print(describe_checkpoint(args.file))
