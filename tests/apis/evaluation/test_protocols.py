"""Published protocols from images to numbers, on data that the test writes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from PIL import Image
from torch import nn

import cft.evaluation.voc07_svm as voc07_svm
import cft_cli
from cft.apis import evaluate, load_config
from cft.evaluation import svm_maps
from cft.evaluation.voc07_svm import low_shot_rows
from tests.datasets.voc_folder import thing, write_annotation, write_list

TINY = {'model.backbone.depth': 18, 'model.backbone.stem_channels': 4, 'model.backbone.base_channels': 4}
LOADERS = {
    f'{part}_dataloader.{name}': value
    for part in ('train', 'test')
    for name, value in {'num_workers': 0, 'persistent_workers': False, 'pin_memory': False}.items()
}
CHANNELS = {'aeroplane': 0, 'bicycle': 1, 'bird': 2}


def write_voc(root: Path) -> Path:
    """Each class is a colour, more or less of it; every seventh image shows a difficult bird, too."""
    rng = np.random.default_rng(0)
    for split, first, count in (('trainval', 0, 36), ('test', 100, 24)):
        names = [f'{first + number:06}' for number in range(count)]
        write_list(root / 'ImageSets' / 'Main' / f'{split}.txt', *names)
        for number, name in enumerate(names):
            pixels = rng.integers(0, 120, (48, 64, 3))
            shown = [label for label in CHANNELS if rng.random() < 0.2] or ['bicycle']
            for label in shown:
                pixels[..., CHANNELS[label]] += int(rng.integers(40, 130))
            path = root / 'JPEGImages' / f'{name}.jpg'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
            objects = [thing(label, difficult=0) for label in shown]
            objects += [thing('bird', difficult=1)] if number % 7 == 0 else []
            write_annotation(root / 'Annotations' / f'{name}.xml', *objects, size=(64, 48))
    return root


@pytest.fixture(scope='module')
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny network as pre-training leaves them."""
    torch.manual_seed(0)
    cfg = load_config('ce/r50_voc07_multilabel', TINY).model.backbone
    network = MODELS.build(cfg)
    path = tmp_path_factory.mktemp('weights') / 'backbone.pth'
    torch.save({'state_dict': network.state_dict()}, path)
    return path


@pytest.fixture
def two_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voc07_svm, 'COSTS', (1.0, 10.0))


def features_by_hand(network: nn.Module, folder: Path, names: list[str]) -> np.ndarray:
    """Resized to 256, the central 224, ImageNet's statistics, averaged over the last map."""
    mean, std = torch.tensor([[123.675, 116.28, 103.53], [58.395, 57.12, 57.375]])[..., None, None]
    rows = []
    for name in names:
        image = Image.open(folder / 'JPEGImages' / f'{name}.jpg')
        image = image.resize((int(256 * 64 / 48), 256), Image.Resampling.BILINEAR)
        left = round((image.width - 224) / 2)
        pixels = torch.from_numpy(np.array(image.crop((left, 16, left + 224, 240)))).permute(2, 0, 1).float()
        with torch.no_grad():
            rows.append(network(((pixels - mean) / std)[None])[-1].mean(dim=(2, 3))[0].numpy())
    return np.stack(rows)


def labels_by_hand(folder: Path, names: list[str]) -> np.ndarray:
    present = np.zeros((len(names), 20), dtype=int)
    order = ['aeroplane', 'bicycle', 'bird']
    for row, name in zip(present, names, strict=True):
        text = (folder / 'Annotations' / f'{name}.xml').read_text()
        for part in text.split('<object>')[1:]:
            label = order.index(part.split('<name>')[1].split('<')[0])
            difficult = '<difficult>1<' in part
            row[label] = max(row[label], 1) if not difficult else (row[label] or -1)
    return present


def test_svm_of_voc07(tmp_path: Path, backbone: Path, two_costs: None, capsys: pytest.CaptureFixture) -> None:
    """The command's numbers are those of features and labels that are read by hand."""
    root = write_voc(tmp_path / 'VOC2007')
    words = [f'{name}={value}' for name, value in (TINY | LOADERS).items()]
    words += [f'data_root={root}', 'measures=voc07_svm/full,voc07_svm_area/full,voc07_svm/k2,voc07_svm/k2_std']
    words += ['model.head.in_channels=32', '--work-dir', str(tmp_path / 'out'), '--out', str(tmp_path / 'found.json')]
    cft_cli.main(['evaluate', 'ce/r50_voc07_multilabel', str(backbone), *words])
    printed = capsys.readouterr().out
    network = MODELS.build(load_config('ce/r50_voc07_multilabel', TINY).model.backbone)
    network.eval()
    network.load_state_dict(torch.load(backbone, weights_only=True)['state_dict'])
    features, present = {}, {}
    for split in ('trainval', 'test'):
        names = (root / 'ImageSets' / 'Main' / f'{split}.txt').read_text().split()
        features[split], present[split] = features_by_hand(network, root, names), labels_by_hand(root, names)
    assert (present['test'] == -1).any() and (present['trainval'] == -1).any()
    stored = np.load(tmp_path / 'out' / 'features_test.npy')
    np.testing.assert_allclose(stored, features['test'], rtol=1e-4, atol=1e-5)
    with np.load(tmp_path / 'out' / 'predictions_test.npz') as file:
        assert (file['labels'] == present['test']).all()
    train = np.load(tmp_path / 'out' / 'features_train.npy')
    full = svm_maps(train, present['trainval'], stored, present['test'])
    few = [
        svm_maps(train[rows], present['trainval'][rows], stored, present['test'])[0]
        for rows in (low_shot_rows(present['trainval'], 2, draw) for draw in range(5))
    ]
    found = json.loads((tmp_path / 'found.json').read_text())['metrics']
    assert found == pytest.approx(
        {
            'voc07_svm/full': full[0],
            'voc07_svm_area/full': full[1],
            'voc07_svm/k2': np.mean(few),
            'voc07_svm/k2_std': np.std(few, ddof=1),
        }
    )
    assert 'self-supervised, 24 test images' in printed and 'eleven-point mAP of linear SVMs, per cent' in printed


def test_what_is_left_out_is_told(tmp_path: Path, backbone: Path, two_costs: None) -> None:
    """Measures of several labels for images of one, the other way round, and draws that are larger than a class."""
    root = write_voc(tmp_path / 'VOC2007')
    overrides = TINY | LOADERS | {'data_root': str(root), 'model.head.in_channels': 32}
    found = evaluate(
        'ce/r50_voc07_multilabel', backbone, overrides, 'many_shot,knn/k20,voc07_svm/k64', out_dir=tmp_path
    )
    assert list(found.metrics) == ['many_shot/map']
    notes = ' '.join(found.notes)
    assert 'knn/k20, many_shot/top1, many_shot/mean_per_class are left out: images have any number of labels' in notes
    assert 'voc07_svm/k64 is left out: class 0 has' in notes
    digits = evaluate(
        'quickstart/ce_digits', _digits_weights(tmp_path), None, 'voc07_svm/full', 'val', tmp_path / 'digits'
    )
    assert 'voc07_svm/full is left out: each image has one label' in digits.notes


def _digits_weights(tmp_path: Path) -> Path:
    cfg = load_config('quickstart/ce_digits')
    network = MODELS.build(cfg.model.backbone)
    torch.save({'state_dict': network.state_dict()}, tmp_path / 'digits.pth')
    return tmp_path / 'digits.pth'
