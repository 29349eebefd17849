"""Write the backbone of a checkpoint in OpenMMLab's names: python tools/checkpoints/convert.py FILE OUT.

OUT ends in .pth (with state_dict) or .safetensors; all names in it begin with "backbone.", so that any OpenMMLab
tool loads it with init_cfg=dict(type='Pretrained', checkpoint=OUT, prefix='backbone.').
"""

import os
import sys

# The folder holds an inspect.py, which must not stand for the standard library's.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [os.path.dirname(HERE), *(folder for folder in sys.path if folder != HERE)]

import argparse

from _cli import readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('file', help='checkpoint: .pth .pt .tar .ckpt .pkl .safetensors .npz')
    parser.add_argument('out', help='new file, .pth or .safetensors')
    parser.add_argument(
        '--config', help='config whose model.backbone the file fills; default: a ResNet or ViT as the names tell'
    )
    parser.add_argument('--force', action='store_true', help='overwrite OUT')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.checkpoints import convert_checkpoint

        report = convert_checkpoint(args.file, args.out, args.config, args.force)
    print(report)
    print(f'written: {args.out}')


if __name__ == '__main__':
    main()
