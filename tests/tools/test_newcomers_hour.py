"""The newcomer's hour: the lines of two README sections, in their order, on a folder of images and a foreign file.

Trainings get the settings of SMALLER beside what the README says, and are one epoch long; comparisons and searches get
those of FEWER. Nothing else differs.
"""

import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import cft_cli
from tests.support.command_line import ROOT

SECTIONS = ('Your own images, your own checkpoint', 'Which method, which checkpoint, which settings?')
# What the sections must show, each at least once.
COMMANDS = ('inspect', 'train', 'test', 'predict', 'export', 'evaluate', 'report', 'plot', 'compare', 'search')
SMALLER = (
    'image_size=56',
    'batch_size=8',
    'epochs=1',
    'train_dataloader.num_workers=0',
    'val_dataloader.num_workers=0',
)
FEWER = {
    'compare': ('seeds=2', 'trials=0', 'methods=ce,scl', '--executor', 'in-process'),
    'search': ('trials=2', '--executor', 'in-process'),
}
CLASSES = ('rose', 'lily', 'iris')


def lines_of(section: str) -> list[list[str]]:
    """The commands of a section of the README, as a shell splits them."""
    [text] = re.findall(
        rf'^## {re.escape(section)}$(.*?)^## ', (ROOT / 'README.md').read_text(), re.MULTILINE | re.DOTALL
    )
    return [shlex.split(line, comments=True)[1:] for line in re.findall(r'^    (cft .*)$', text, re.MULTILINE)]


def moco() -> dict:
    """As the MoCo repository writes a ResNet-50."""
    from torchvision.models import resnet50

    weights = resnet50(num_classes=4).state_dict()
    return {'state_dict': {f'module.encoder_q.{name}': value for name, value in weights.items()}}


def dinov2() -> dict:
    """As the DINOv2 repository writes a ViT-S/14."""
    import timm

    weights = timm.create_model('vit_small_patch14_dinov2', num_classes=0).state_dict()
    return {**weights, 'mask_token': torch.zeros(1, weights['cls_token'].shape[-1])}


FOREIGN = {'moco_v2_800ep_pretrain.pth.tar': moco, 'dinov2_vits14.pth': dinov2, 'dinov2_vits14_pretrain.pth': dinov2}


def draw(folder: Path, number: int, seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for index in range(number):
        pixels = np.clip(rng.normal(60 + 60 * seed, 40, (64, 72, 3)), 0, 255).astype(np.uint8)
        assert cv2.imwrite(str(folder / f'{index}.jpg'), pixels)


def smaller(command: str, words: list[str]) -> list[str]:
    """The words of a line, with what makes its trainings short."""
    fewer = FEWER.get(command, ())
    replaced = {word.partition('=')[0] for word in fewer if '=' in word}
    trains = command in ('train', 'pretrain', *FEWER)
    return [
        *(word for word in words if word.partition('=')[0] not in replaced),
        *fewer,
        *(SMALLER if trains else ()),
    ]


@pytest.mark.slow
def test_the_readmes_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    commands = [line for section in SECTIONS for line in lines_of(section)]
    assert set(COMMANDS) <= {command for command, *_ in commands}
    for seed, name in enumerate(CLASSES):
        draw(tmp_path / 'flowers' / name, 8, seed)
    draw(tmp_path / 'new_images', 3, 1)
    for name in {word.removeprefix('checkpoint=') for line in commands for word in line} & FOREIGN.keys():
        torch.save(FOREIGN[name](), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for command, *words in commands:
        before = {path for path in tmp_path.rglob('*') if path.is_file()}
        words = [re.sub(r'\bepoch_\d+', 'epoch_1', word) for word in words]
        status: object = 0
        try:
            cft_cli.main([command, *smaller(command, words)])
        except SystemExit as stop:
            status = stop.code
        out, err = capfd.readouterr()
        assert status in (0, None), f'cft {command} {" ".join(words)}: {err[-2000:]}'
        new = {path.name for path in tmp_path.rglob('*') if path.is_file()} - {path.name for path in before}
        assert CHECKS[command](new, out + err), f'cft {command} {" ".join(words)}: {sorted(new)}'


# By command: what it must have left or said; a dry run leaves nothing.
CHECKS = {
    'train': lambda new, said: 'epoch_1.pth' in new or (not new and 'nothing was written' in said),
    'pretrain': lambda new, said: 'epoch_1.pth' in new or (not new and 'nothing was written' in said),
    'test': lambda new, said: 'accuracy/top1' in said,
    'predict': lambda new, said: any(name.startswith('predictions') for name in new) or 'rose' in said,
    'export': lambda new, said: {'.onnx', '.json'} <= {Path(name).suffix for name in new},
    'evaluate': lambda new, said: 'evaluation_test.json' in new and 'retrieval/map_at_r' in said,
    'report': lambda new, said: 'report.html' in new,
    'plot': lambda new, said: any(name.endswith('.pdf') for name in new),
    'compare': lambda new, said: 'results.json' in new and 'coretuning' not in said,
    'search': lambda new, said: any(name.endswith('.py') for name in new),
    'inspect': lambda new, said: not new and re.search('ResNet|ViT|vit', said),
    'configs': lambda new, said: 'coretuning' in said,
    'convert': lambda new, said: 'written: ' in said,
}
