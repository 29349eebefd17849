"""Records names and shapes of full-size networks of Hugging Face's transformers, for test_family_table.py.

Runs where transformers is installed (recorded with 5.24); no memory is needed, since no number is drawn:

    python tests/checkpoints/record_foreign_shapes.py tests/checkpoints/data/hugging_face_shapes.json

Equal blocks are written once: ``layer.{0-11}.`` stands for twelve names.
"""

import json
import re
import sys
from pathlib import Path

import torch
import transformers as hf

VIT_SMALL = dict(hidden_size=384, num_attention_heads=6, intermediate_size=1536, patch_size=16)
GIANT = dict(hidden_size=1536, num_hidden_layers=40, num_attention_heads=24, use_swiglu_ffn=True, image_size=518)
SWINV2 = dict(window_size=8, image_size=256)
NETWORKS = {
    'ViT-S/16 (DINO)': (hf.ViTModel, hf.ViTConfig(**VIT_SMALL)),
    'ViT-B/16 (MAE)': (hf.ViTMAEForPreTraining, hf.ViTMAEConfig()),
    'DINOv2 ViT-B/14': (hf.Dinov2Model, hf.Dinov2Config(image_size=518)),
    'DINOv2 ViT-g/14': (hf.Dinov2Model, hf.Dinov2Config(**GIANT)),
    'DINOv2 ViT-B/14, registers': (
        hf.Dinov2WithRegistersModel,
        hf.Dinov2WithRegistersConfig(image_size=518, patch_size=14),
    ),
    'DINOv3 ViT-S/16': (hf.DINOv3ViTModel, hf.DINOv3ViTConfig(num_register_tokens=4)),
    'DINOv3 ConvNeXt-T': (hf.DINOv3ConvNextModel, hf.DINOv3ConvNextConfig()),
    'ConvNeXt-T': (hf.ConvNextForImageClassification, hf.ConvNextConfig()),
    'ConvNeXt-v2-T': (hf.ConvNextV2ForImageClassification, hf.ConvNextV2Config()),
    'Swin-T': (hf.SwinForImageClassification, hf.SwinConfig()),
    'Swin-B (SimMIM)': (
        hf.SwinForMaskedImageModeling,
        hf.SwinConfig(embed_dim=128, depths=[2, 2, 18, 2], num_heads=[4, 8, 16, 32], window_size=6, image_size=192),
    ),
    'Swin-v2-T': (hf.Swinv2Model, hf.Swinv2Config(**SWINV2)),
    'SigLIP ViT-B/16': (hf.SiglipModel, hf.SiglipConfig()),
    'CLIP ViT-B/32': (hf.CLIPModel, hf.CLIPConfig()),
    'BEiT-B/16': (hf.BeitForImageClassification, hf.BeitConfig(use_relative_position_bias=True)),
}
INDEX = re.compile(r'^(.*\b(?:layer|layers|blocks)\.)(\d+)(\..*)$')


def shorten(shapes: dict[str, list[int]]) -> dict[str, list[int]]:
    grouped: dict[tuple, list[int]] = {}
    for name, shape in shapes.items():
        found = INDEX.match(name)
        key = (found[1], found[3], tuple(shape)) if found else (name, '', tuple(shape))
        grouped.setdefault(key, []).append(int(found[2]) if found else -1)
    short = {}
    for (start, end, shape), indices in grouped.items():
        runs = [indices] if indices == list(range(indices[0], indices[-1] + 1)) else [[index] for index in indices]
        for run in runs:
            middle = '' if run == [-1] else f'{{{run[0]}-{run[-1]}}}'
            short[f'{start}{middle}{end}'] = list(shape)
    return short


def record(kind: type, config: object) -> dict:
    with torch.device('meta'):
        model = kind(config)
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    return {'class': kind.__name__, 'shapes': shorten(shapes)}


if __name__ == '__main__':
    content = {name: record(*network) for name, network in NETWORKS.items()}
    lines = (f'"{name}": {json.dumps(entry)}' for name, entry in content.items())
    Path(sys.argv[1]).write_text('{\n' + ',\n'.join(lines) + '\n}\n')
