"""Write the backbone of a checkpoint in OpenMMLab's names: cft convert FILE OUT.

OUT ends in .pth (with state_dict) or .safetensors; all names in it begin with "backbone.", so that any OpenMMLab
tool loads it with init_cfg=dict(type='Pretrained', checkpoint=OUT, prefix='backbone.').
"""

import argparse
from collections.abc import Sequence

from .errors import readable_errors


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft convert', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('file', help='checkpoint: .pth .pt .tar .ckpt .pkl .safetensors .npz')
    parser.add_argument('out', help='new file, .pth or .safetensors')
    parser.add_argument(
        '--config', help='config whose model.backbone the file fills; default: a ResNet or ViT as the names tell'
    )
    parser.add_argument(
        '--weights',
        choices=['model', 'ema'],
        help='take the trained weights or their EMA copy, where the file has both; default: what has the usual name',
    )
    parser.add_argument('--force', action='store_true', help='overwrite OUT')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.apis import load_config
        from cft.checkpoints import convert_checkpoint

        config = load_config(args.config) if args.config else None
        report = convert_checkpoint(args.file, args.out, config, args.force, args.weights)
    print(report)
    print(f'written: {args.out}')
