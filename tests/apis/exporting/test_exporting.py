"""export: a file that onnxruntime runs by the JSON beside it, with Pillow and NumPy alone, says what cft says."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.models import LinearClsHead
from PIL import Image, ImageOps

from cft.apis import export, load_config, predict
from cft.errors import ConfigError
from cft.registry import MODELS
from tests.support.tasks import draw_few_shapes

CLASSES = {'mmpretrain': ('cat', 'dog', 'owl'), 'mmseg': tuple('abcde'), 'mmdet': tuple('abcd')}
RESNET = ('ce/r50_folder', {'depth': 18, 'base_channels': 8}, 64)
VIT = (
    'ce/vit_b16_folder',
    {'arch': {'embed_dims': 32, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': 64}, 'patch_size': 8},
    32,
)


@MODELS.register_module()
class RestlessHead(LinearClsHead):
    """Never says the same again."""

    def forward(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        logits = super().forward(feats)
        return logits + torch.rand_like(logits)


@MODELS.register_module()
class ChoosyHead(LinearClsHead):
    """Goes another way for some images."""

    def forward(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        logits = super().forward(feats)
        return logits if logits.max() > 0 else -logits


def untrained(cfg: Config, work_dir: Path, images: Sequence[Path] = ()) -> Path:
    """A work dir with a config and a checkpoint of random weights, whose normalisations are not the identity.

    The logits of a classifier are 0 in the mean of the images; otherwise one class wins everywhere.
    """
    work_dir.mkdir(parents=True)
    torch.manual_seed(0)
    with MODELS.switch_scope_and_registry(cfg.default_scope):
        model = MODELS.build(cfg.model).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    if cfg.default_scope == 'mmseg':
        torch.nn.init.normal_(model.decode_head.conv_seg.weight)
    if images:
        torch.nn.init.normal_(model.head.fc.weight, std=3)
        pixels = np.stack([np.asarray(Image.open(image).resize((32, 32))) for image in images])
        with torch.no_grad():
            features = model.extract_feat(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 58 - 2)
            model.head.fc.bias -= model.head.fc(model.head.pre_logits(features)).mean(0)
    cfg.dump(work_dir / 'config.py')
    meta = {'dataset_meta': {'classes': CLASSES[cfg.default_scope]}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, work_dir / 'epoch_1.pth')
    return work_dir


def classifier(root: Path, kind: tuple[str, dict, int], **head: object) -> Path:
    """Of a folder with images of several sizes, one of them turned by EXIF."""
    name, backbone, width = kind
    for split in ('train', 'test'):
        for number, label in enumerate(CLASSES['mmpretrain']):
            folder = root / 'data' / split / label
            folder.mkdir(parents=True, exist_ok=True)
            for index, size in enumerate([(70, 45), (41, 64)]):
                pixels = np.random.default_rng(10 * number + index).integers(0, 256, (6, 6, 3), dtype=np.uint8)
                image = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
                exif = Image.Exif()
                exif[0x0112] = 6 if index else 1
                image.save(folder / f'{index}.png', exif=exif)
    cfg = load_config(name, {'data_root': str(root / 'data'), 'image_size': 32})
    cfg.model.backbone.update(backbone)
    common = {'num_classes': 3, 'in_channels': width, 'init_cfg': None}
    cfg.model.head = {**head, **common} if head else {**cfg.model.head, **common}
    return untrained(cfg, root / 'run', sorted((root / 'data' / 'test').rglob('*.png')))


def answer(model: Path, image: Path) -> dict[str, np.ndarray]:
    """Nothing of cft here: what somebody writes who has the two files."""
    import onnxruntime

    facts = json.loads(model.with_suffix('.json').read_text())
    shown = ImageOps.exif_transpose(Image.open(image)).convert('RGB')
    for step in facts['preprocessing']:
        width, height = shown.size
        if step['step'] == 'resize_edge':
            assert (step['edge'], step['library']) == ('short', 'pillow')
            size = [int(step['size'] * side / min(width, height)) for side in (width, height)]
            shown = shown.resize(size, Image.Resampling[step['interpolation'].upper()])
        elif step['step'] == 'centre_crop':
            left, top = max(0, round((width - step['width']) / 2)), max(0, round((height - step['height']) / 2))
            shown = shown.crop((left, top, left + step['width'], top + step['height']))
    pixels = np.asarray(shown, np.float32).transpose(2, 0, 1)[None]
    session = onnxruntime.InferenceSession(str(model), providers=['CPUExecutionProvider'])
    names = [output['name'] for output in facts['outputs']]
    return dict(zip(names, session.run(names, {'image': pixels}), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize('kind', [RESNET, VIT], ids=['resnet', 'vit'])
def test_classifiers(kind: tuple[str, dict, int], tmp_path: Path) -> None:
    pytest.importorskip('onnxruntime')
    run = classifier(tmp_path, kind)
    facts = export(run, out=tmp_path / 'out' / 'model.onnx')
    images = sorted((tmp_path / 'data' / 'test').rglob('*.png'))
    found = predict(run, images=images, device='cpu')
    assert len({result['label'] for result in found}) > 1
    for image, expected in zip(images, found, strict=True):
        outputs = answer(tmp_path / 'out' / 'model.onnx', image)
        [probabilities], [logits] = outputs['probabilities'], outputs['logits']
        assert probabilities.argmax() == logits.argmax() == expected['label']
        assert facts['classes'][expected['label']] == expected['class']
        assert probabilities.max() == pytest.approx(expected['score'], abs=1e-5)
        assert np.exp(logits) / np.exp(logits).sum() == pytest.approx(probabilities, abs=1e-5)
    assert facts['input']['shape'] == ['batch', 3, 32, 32] and facts['parity']['images'] == 6
    assert 0 < max(facts['parity']['largest_difference'].values()) < 1e-4
    assert b'/cft/' not in (tmp_path / 'out' / 'model.onnx').read_bytes()
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['model.json', 'model.onnx']


@pytest.mark.slow
def test_segmentation(tmp_path: Path) -> None:
    """For images of any size: those of the data, and another."""
    pytest.importorskip('onnxruntime')
    cfg = load_config('quickstart/ce_seg', {'data_root': str(draw_few_shapes(tmp_path / 'shapes'))})
    run = untrained(cfg, tmp_path / 'run')
    facts = export(run)
    assert facts['file'] == str(run / 'epoch_1.onnx')
    assert facts['outputs'] == [{'name': 'logits', 'shape': ['batch', 5, 'height', 'width']}]
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((99, 75), Image.Resampling.BICUBIC).save(tmp_path / 'odd.png')
    predict(run, images=tmp_path / 'odd.png', out_dir=tmp_path / 'masks', device='cpu')
    mask = np.asarray(Image.open(tmp_path / 'masks' / 'odd_mask.png'))
    [logits] = answer(run / 'epoch_1.onnx', tmp_path / 'odd.png')['logits']
    assert logits.shape == (5, 75, 99) and len(np.unique(mask)) > 1
    assert np.mean(logits.argmax(0) == mask) > 0.9999


@pytest.mark.slow
def test_embeddings_as_a_program_of_pytorch(tmp_path: Path) -> None:
    """Pooled features of any number of images; as its backbone, pooling and the statistics of ImageNet say."""
    run = classifier(tmp_path, RESNET)
    facts = export(run, format='exported-program', embedding=True)
    assert facts['outputs'] == [{'name': 'embedding', 'shape': ['batch', 64]}] and 'classes' not in facts
    network = torch.export.load(run / 'epoch_1_embedding.pt2').module()
    images = torch.randint(0, 256, (5, 3, 32, 32)).float()
    cfg = load_config(run)
    with MODELS.switch_scope_and_registry('mmpretrain'):
        model = MODELS.build(cfg.model).eval()
    model.load_state_dict(torch.load(run / 'epoch_1.pth', weights_only=True)['state_dict'])
    mean, std = torch.tensor([[123.675, 116.28, 103.53], [58.395, 57.12, 57.375]])[..., None, None]
    with torch.no_grad():
        expected = model.backbone((images - mean) / std)[-1].mean((2, 3))
        assert torch.allclose(network(images)[0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_detectors_give_their_maps(tmp_path: Path) -> None:
    cfg = load_config('quickstart/ce_det', {'data_root': str(draw_few_shapes(tmp_path / 'shapes'))})
    run = untrained(cfg, tmp_path / 'run')
    with pytest.raises(ConfigError, match='a detector cannot be exported as a whole.*--embedding'):
        export(run)
    facts = export(run, format='exported-program', embedding=True)
    assert [output['name'] for output in facts['outputs']] == [f'map_{level}' for level in range(5)]
    assert facts['input']['shape'] == ['batch', 3, 'height', 'width']
    network = torch.export.load(run / 'epoch_1_embedding.pt2').module()
    assert [tuple(level.shape[2:]) for level in network(torch.rand(1, 3, 96, 480))][:2] == [(24, 120), (12, 60)]


@pytest.mark.slow
def test_what_differs_or_depends_on_the_image_is_not_written(tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    run = classifier(tmp_path / 'restless', RESNET, type='cft.RestlessHead')
    with pytest.raises(ConfigError, match=r'the largest difference of logits from PyTorch is \d.* nothing was written'):
        export(run, format='exported-program', out=tmp_path / 'out' / 'a.pt2')
    run = classifier(tmp_path / 'choosy', RESNET, type='cft.ChoosyHead')
    with pytest.raises(ConfigError, match='the network cannot be exported: .*may not depend on the values of an image'):
        export(run, format='exported-program', out=tmp_path / 'out' / 'a.pt2')
    assert not list((tmp_path / 'out').iterdir())


def test_mistakes(tmp_path: Path) -> None:
    run = classifier(tmp_path, RESNET)
    with pytest.raises(ConfigError, match='--format tflite: choose onnx or exported-program'):
        export(run, format='tflite')
    with pytest.raises(ConfigError, match=r'--out model.pth: a file of this format ends in \.onnx'):
        export(run, out='model.pth')
    with pytest.raises(ConfigError, match=r'r50_folder\.py is a config, and a checkpoint is required'):
        export('ce/r50_folder')
    (run / 'epoch_1.json').write_text('{}')
    with pytest.raises(ConfigError, match=r'epoch_1\.json exists; .*--force'):
        export(run)
    with pytest.raises(ConfigError, match='compared with PyTorch on images of the test data, and .*--images'):
        export(run, force=True, overrides={'data_root': 'nowhere'})
    steps = ['test_dataloader.dataset.pipeline=[dict(type="cft.LoadImage"),dict(type="RandomCrop",crop_size=8)]']
    with pytest.raises(ConfigError, match=r'the test pipeline has .*RandomCrop.* cannot say'):
        export(run, force=True, overrides=steps)
