"""Records tiny networks of Hugging Face's transformers: weights, an input and the output, for test_hugging_face.py.

Runs where transformers is installed (recorded with 5.24, torch 2.11), which the tests don't need:

    python tests/checkpoints/record_foreign_networks.py tests/checkpoints/data

Each class is built from its configuration with random numbers, in norms, layer scales, positions and biases too, and
saved by its own save_pretrained, so that names and layout are those of files on the Hub. The input and the output
are added as ``recorded.input`` and ``recorded.output``; the metadata have the names that version 5 uses in memory.
"""

import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers as hf
from safetensors.torch import load_file, save_file

VIT = dict(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, patch_size=8, image_size=32,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)  # fmt: skip
DINOV2 = {**VIT, 'mlp_ratio': 1}
CONVNEXT = dict(depths=[1, 1, 2, 1], hidden_sizes=[8, 16, 16, 24], image_size=64)
SWIN = dict(embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4, image_size=32, patch_size=4, mlp_ratio=2.0)
DINOV3 = {**VIT, 'num_register_tokens': 3, 'pos_embed_rescale': None}
SIGLIP = {**VIT, 'hidden_act': 'gelu_pytorch_tanh'}
# By name: the class, its configuration, and which output is recorded.
NETWORKS = {
    'dinov2': (hf.Dinov2Model, hf.Dinov2Config(**DINOV2), 'last_hidden_state'),
    'dinov2_swiglu': (hf.Dinov2Model, hf.Dinov2Config(**DINOV2, use_swiglu_ffn=True), 'last_hidden_state'),
    'dinov2_registers': (
        hf.Dinov2WithRegistersModel,
        hf.Dinov2WithRegistersConfig(**DINOV2, num_register_tokens=3),
        'last_hidden_state',
    ),
    'dinov3_vit': (hf.DINOv3ViTModel, hf.DINOv3ViTConfig(**DINOV3), 'last_hidden_state'),
    'dinov3_vit_gated': (
        hf.DINOv3ViTModel,
        hf.DINOv3ViTConfig(**DINOV3, use_gated_mlp=True, hidden_act='silu', query_bias=False, value_bias=False),
        'last_hidden_state',
    ),
    'dinov3_convnext': (hf.DINOv3ConvNextModel, hf.DINOv3ConvNextConfig(**CONVNEXT), 'pooler_output'),
    'vit': (hf.ViTModel, hf.ViTConfig(**VIT), 'last_hidden_state'),
    'vit_mae': (hf.ViTMAEModel, hf.ViTMAEConfig(**VIT, mask_ratio=0.0), 'last_hidden_state'),
    'convnext': (hf.ConvNextModel, hf.ConvNextConfig(**CONVNEXT), 'pooler_output'),
    'convnextv2': (hf.ConvNextV2Model, hf.ConvNextV2Config(**CONVNEXT), 'pooler_output'),
    'swin': (hf.SwinModel, hf.SwinConfig(**SWIN), 'last_hidden_state'),
    'swinv2': (hf.Swinv2Model, hf.Swinv2Config(**SWIN), 'last_hidden_state'),
    'siglip': (hf.SiglipVisionModel, hf.SiglipVisionConfig(**SIGLIP), 'pooler_output'),
    'clip': (hf.CLIPVisionModel, hf.CLIPVisionConfig(**VIT, hidden_act='gelu'), 'last_hidden_state'),
    'beit': (hf.BeitModel, hf.BeitConfig(**VIT, use_relative_position_bias=True), 'pooler_output'),
    'beit_shared': (
        hf.BeitModel,
        hf.BeitConfig(**VIT, use_shared_relative_position_bias=True, use_mask_token=True),
        'pooler_output',
    ),
}


def randomise(model: torch.nn.Module) -> None:
    """Weights of a usual size, and everything else far from what any initialisation gives."""
    for name, value in model.named_parameters():
        noise = torch.randn_like(value)
        scale = 0.5 if value.dim() < 2 else value[0].numel() ** -0.5
        one = 'norm' in name and name.endswith('weight') and value.dim() == 1
        value.data = (1.0 if one else 0.0) + noise * (0.3 if one else scale)


def record(name: str, folder: Path) -> None:
    kind, config, output = NETWORKS[name]
    torch.manual_seed(len(name))
    model = kind(config).eval()
    randomise(model)
    images = torch.randn(1, 3, config.image_size, config.image_size)
    options = {'noise': torch.arange(16.0)[None]} if name == 'vit_mae' else {}
    with torch.no_grad():
        result = getattr(model(images, **options), output)
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        tensors = load_file(f'{saved}/model.safetensors')
    state = {key: value for key, value in model.state_dict().items() if not key.endswith('index')}
    names = {
        old: next((new for new, value in state.items() if torch.equal(value, tensor)), None)
        for old, tensor in tensors.items()
    }
    metadata = {
        'class': kind.__name__,
        'transformers': hf.__version__,
        'in_memory': json.dumps(names) if None not in names.values() else '',
    }
    tensors |= {'recorded.input': images, 'recorded.output': result}
    tensors = {key: value.contiguous() for key, value in tensors.items()}
    save_file(tensors, folder / f'{name}.safetensors', metadata)


if __name__ == '__main__':
    for network in NETWORKS:
        record(network, Path(sys.argv[1]))
