"""The ``cft`` command.

It is a package of its own because importing anything of ``cft`` imports torch
and MMEngine first, for seconds. Its modules import ``cft`` when their command
runs, so that help and a mistyped command are answered at once.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module, metadata

# Each is a module of this package with main(arguments); a word of Python's own has another name.
COMMANDS = {
    'train': 'train a config',
    'pretrain': 'train a config of a self-supervised method',
    'search': 'choose the settings of a config on validation images',
    'test': 'evaluate a checkpoint on the test split of its config',
    'compare': 'compare methods, checkpoints and amounts of labels on your own data, over paired draws',
    'evaluate': 'say what a model is worth: its predictions, its features, by class',
    'import': 'make COCO JSON of the labels of CVAT, LabelMe or YOLO',
    'table': 'reproduce a published table: its runs, their cost, and the result beside the paper',
    'report': 'show a training, or compare several, on one HTML page',
    'plot': 'write the figures of a training, or of a comparison',
    'predict': 'classes, masks or boxes of images',
    'export': 'write a trained model as ONNX, or as a program of PyTorch',
    'inspect': 'say what a checkpoint holds',
    'convert': "write the backbone of a checkpoint in OpenMMLab's names",
    'configs': 'list the configs that come with cft',
}
MODULES = {'import': 'import_labels'}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command.

    Args:
        arguments: The command and what follows it; default: those of the process.

    Raises:
        SystemExit: With 2 after a user's mistake, with 75 where a signal ended
            a training run, with 0 after help, with 1 if who reads its output has left, as ``head`` does.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments and arguments[0] in COMMANDS:
        try:
            import_module(f'{__name__}.{MODULES.get(arguments[0], arguments[0])}').main(arguments[1:])
            sys.stdout.flush()
        except BrokenPipeError as error:
            # The interpreter would try to write once more, and complain, at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from error
        return
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog='cft',
        usage='cft COMMAND ...',
        description='Contrastive fine-tuning of self-supervised visual models.',
        epilog='commands:\n'
        + '\n'.join(f'  {name:<{width}}  {line}' for name, line in COMMANDS.items())
        + '\n\ncft COMMAND --help tells more.',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=_version())
    parser.add_argument('command', choices=COMMANDS, metavar='COMMAND', help=argparse.SUPPRESS)
    parser.parse_args(arguments[:1] or ['--help'])


def _version() -> str:
    try:
        return metadata.version('cft-contrastive-tuning')
    except metadata.PackageNotFoundError:
        return 'a checkout that is not installed'
