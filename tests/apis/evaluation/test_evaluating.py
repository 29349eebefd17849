"""What an evaluation tells against plain loops over the model's outputs, and when it tells nothing."""

import copy
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from PIL import Image
from torch import nn

import cft.apis.evaluation.classification as classifier_evaluation
from cft.apis import build_runner, evaluate, evaluate_runner, load_config
from cft.apis.evaluation.weights import load_weights
from cft.apis.running.runner import EvaluationRunner
from cft.datasets import Digits
from cft.errors import ConfigError
from cft.evaluation import Evaluation
from tests.support.digits_runs import run, short_config

CHOSEN = ['knn/k20', 'retrieval', 'similarity', 'ood']


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Digits without 8 and 9, after a few steps."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = short_config('ce', folder)
    parts = {
        f'{part}.dataset': dict(type='cft.ClassSubset', without=['8', '9'], dataset=cfg[part].dataset)
        for part in ('train_dataloader', 'val_dataloader', 'test_dataloader')
    }
    return run('ce', folder, model__head__num_classes=8, **{name.replace('.', '__'): v for name, v in parts.items()})


@pytest.fixture(scope='module')
def evaluated(trained: Runner) -> Evaluation:
    return evaluate(trained.work_dir, measures=CHOSEN, ood_classes=['8', '9'])


@pytest.fixture(scope='module')
def outputs(trained: Runner) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Features, probabilities and true digits of a split, through the layers by hand."""
    model = copy.deepcopy(trained.model).eval()
    found = {}
    for split in ('train', 'test'):
        features, digits = features_of(model, split)
        with torch.no_grad():
            scores = model.head.fc(torch.from_numpy(features)).softmax(dim=1).numpy()
        found[split] = (features, scores, digits)
    return found


@torch.no_grad()
def features_of(model: nn.Module, split: str) -> tuple[np.ndarray, np.ndarray]:
    data = Digits(split=split)
    infos = [data.get_data_info(index) for index in range(len(data))]
    pixels = torch.from_numpy(np.stack([info['img'] for info in infos])).permute(0, 3, 1, 2).float()
    mean, std = model.data_preprocessor.mean, model.data_preprocessor.std
    pixels = (pixels - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    return model.backbone(pixels)[-1].mean(dim=(2, 3)).numpy(), np.array([info['gt_label'] for info in infos])


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_predictions_equal_loops(trained: Runner, outputs: dict, evaluated: Evaluation) -> None:
    _, scores, digits = outputs['test']
    known = digits < 8
    scores, labels = scores[known], digits[known]
    right = [int(row.argmax()) == label for row, label in zip(scores, labels, strict=True)]
    assert evaluated.images == len(right)
    assert evaluated.metrics['accuracy/top1'] == pytest.approx(100 * sum(right) / len(right))
    assert evaluated.metrics['accuracy/top1'] == pytest.approx(trained.test()['accuracy/top1'])
    nll = -np.mean([np.log(row[label]) for row, label in zip(scores, labels, strict=True)])
    assert evaluated.metrics['calibration/nll'] == pytest.approx(nll, rel=1e-5)
    for name, precision, recall, f1, support in evaluated.tables['per_class']['rows']:
        own, told = labels == int(name), scores.argmax(axis=1) == int(name)
        both = int((own & told).sum())
        assert support == own.sum()
        assert recall == pytest.approx(100 * both / own.sum())
        assert precision == (pytest.approx(100 * both / told.sum()) if told.any() else None)
        assert f1 == pytest.approx(200 * both / (own.sum() + told.sum()))
    worst = [row[3] for row in evaluated.tables['worst_mistakes']['rows']]
    confident = sorted((row.max() for row, r in zip(scores, right, strict=True) if not r), reverse=True)
    assert worst == pytest.approx(confident[: len(worst)], rel=1e-5) and len(worst) == 20


def test_features_equal_loops(trained: Runner, outputs: dict, evaluated: Evaluation) -> None:
    features, scores, digits = outputs['test']
    known = digits < 8
    stored = np.load(Path(trained.work_dir, evaluated.files['features']), allow_pickle=False)
    np.testing.assert_allclose(stored, features[known], rtol=1e-4, atol=1e-5)
    with np.load(Path(trained.work_dir, evaluated.files['predictions']), allow_pickle=False) as file:
        np.testing.assert_allclose(file['scores'], scores[known], rtol=1e-4, atol=1e-5)
        assert file['labels'].tolist() == digits[known].tolist()
        assert file['paths'][:2].tolist() == ['index:0', 'index:1']
    similar = unit(features[known]) @ unit(features[known]).T
    labels = digits[known]
    pairs = [similar[i, j] for i in range(len(labels)) for j in range(i + 1, len(labels)) if labels[i] == labels[j]]
    assert evaluated.metrics['similarity/positive'] == pytest.approx(np.mean(pairs), rel=1e-5)
    np.fill_diagonal(similar, -np.inf)
    hits = [labels[row.argmax()] == label for row, label in zip(similar, labels, strict=True)]
    assert evaluated.metrics['retrieval/recall_at_1'] == pytest.approx(100 * np.mean(hits))


def test_neighbours_are_training_images_without_augmentation(
    trained: Runner, outputs: dict, evaluated: Evaluation
) -> None:
    train, _, train_digits = outputs['train']
    chosen = trained.train_dataloader.dataset.source.indices
    chosen = [index for index in chosen if train_digits[index] < 8]
    features, _, digits = outputs['test']
    hits = []
    for row, digit in zip(features, digits, strict=True):
        if digit < 8:
            similar = unit(train[chosen]) @ (row / np.linalg.norm(row))
            votes = np.zeros(8)
            for near in np.argsort(-similar, kind='stable')[:20]:
                votes[train_digits[chosen][near]] += np.exp(similar[near] / 0.07)
            hits.append(votes.argmax() == digit)
    assert evaluated.metrics['knn/k20'] == pytest.approx(100 * np.mean(hits), abs=0.3)


def test_unknown_classes(outputs: dict, evaluated: Evaluation) -> None:
    _, scores, digits = outputs['test']
    inside, outside = (scores[digits < 8].max(axis=1), scores[digits >= 8].max(axis=1))
    wins = [float(a > b) + 0.5 * float(a == b) for a in inside for b in outside]
    assert evaluated.metrics['ood/auroc_confidence'] == pytest.approx(np.mean(wins), abs=1e-4)
    assert 0 <= evaluated.metrics['ood/auroc'] <= 1
    assert list(evaluated.classes) == list('01234567')


def test_in_memory_and_in_files(trained: Runner, evaluated: Evaluation, tmp_path: Path) -> None:
    """The same numbers, and what is written is read; the model and the generators stay as they are."""
    modes = [module.training for module in trained.model.modules()]
    before, state = copy.deepcopy(trained.model.state_dict()), torch.get_rng_state()
    found = evaluate_runner(trained, 'test', CHOSEN[:3], tmp_path)
    common = set(found.metrics) & set(evaluated.metrics)
    assert {name: found.metrics[name] for name in common} == {name: evaluated.metrics[name] for name in common}
    assert found.tables == evaluated.tables and 'retrieval/map_at_r' in common
    assert Evaluation.read(tmp_path) == Evaluation(**json.loads(found.json_text()))
    assert [module.training for module in trained.model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in trained.model.state_dict().items())


def test_extracted_once(
    trained: Runner, evaluated: Evaluation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Other measures read what is there; other weights, images or transforms do not."""
    first = evaluate_runner(trained, 'val', ['knn'], tmp_path)
    asked: list[str] = []
    encode = classifier_evaluation.encode_batches

    def counting(*arguments: object) -> object:
        asked.append('pass')
        return encode(*arguments)

    monkeypatch.setattr(classifier_evaluation, 'encode_batches', counting)
    again = evaluate_runner(trained, 'val', ['knn', 'alignment'], tmp_path)
    assert not asked
    assert again.metrics['knn/k20'] == first.metrics['knn/k20'] and 'alignment' in again.metrics
    other = copy.deepcopy(trained.model)
    with torch.no_grad():
        next(other.backbone.parameters()).mul_(1.5)
    trained.model, kept = other, trained.model
    try:
        changed = evaluate_runner(trained, 'val', ['knn'], tmp_path)
    finally:
        trained.model = kept
    assert len(asked) == 2 and changed.metrics != first.metrics
    # A file that was cut short.
    path = tmp_path / 'features_val.npy'
    path.write_bytes(path.read_bytes()[:100])
    assert evaluate_runner(trained, 'val', [], tmp_path).metrics['accuracy/top1'] == first.metrics['accuracy/top1']
    assert len(asked) == 3


def test_what_cannot_be_trusted(trained: Runner, tmp_path: Path) -> None:
    folder, weights = Path(trained.work_dir), Path(trained.work_dir, 'iter_6.pth')
    with pytest.raises(ConfigError, match='no such measure|no measure is called'):
        evaluate(folder, measures='accurracy')
    with pytest.raises(ConfigError, match='no such folder'):
        evaluate(folder, ood_root='nowhere')
    order = {'test_dataloader.dataset.dataset.metainfo': dict(classes=tuple('1023456789'))}
    with pytest.raises(ConfigError, match="class 0 is '0' there and '1' in the data"):
        evaluate(folder, weights, order, [], out_dir=tmp_path)
    content = torch.load(weights, weights_only=False)
    content['state_dict']['head.fc.bias'][0] = float('nan')
    torch.save(content, tmp_path / 'nan.pth')
    with pytest.raises(ConfigError, match="'head.fc.bias' holds NaN"):
        evaluate(folder, tmp_path / 'nan.pth', out_dir=tmp_path)
    one = {'test_dataloader.dataset.classes': ['3'], 'test_dataloader.dataset.without': None}
    with pytest.raises(ConfigError, match='it has 8 classes .* the data 1'):
        evaluate(folder, weights, one, [], out_dir=tmp_path)
    assert not list(tmp_path.glob('evaluation_*'))
    trained.cfg.test_dataloader.dataset.update(classes=['3'], without=None)
    try:
        with pytest.raises(ConfigError, match=r'one class only \(3\)'):
            evaluate_runner(trained, 'test', [], tmp_path, predicts=False)
    finally:
        trained.cfg.test_dataloader.dataset.pop('classes')
        trained.cfg.test_dataloader.dataset.without = ['8', '9']


def test_pre_training(tmp_path: Path) -> None:
    """Its own run, and its weights as the start of a fine-tuning: the same features, no word of a classifier."""
    runner = run('sce', tmp_path / 'run', iterations=1)
    own = evaluate(tmp_path / 'run', measures=['knn/k20', 'linear_probe', 's_dbw/tong', 'alignment', 'calibration'])
    assert own.task == 'self-supervised' and not own.tables
    assert {'knn/k20', 'linear_probe/top1', 's_dbw/tong'} <= set(own.metrics)
    assert not {'accuracy/top1', 'calibration/ece'} & set(own.metrics)
    [note] = own.notes
    assert note.startswith('calibration/ece, ') and note.endswith('left out: the model has no trained classifier')
    features, _ = features_of(copy.deepcopy(runner.model).eval(), 'test')
    np.testing.assert_allclose(np.load(tmp_path / 'run' / 'features_test.npy'), features, rtol=1e-4, atol=1e-4)
    start = evaluate(
        'quickstart/ce_digits', tmp_path / 'run' / 'epoch_1.pth', None, ['alignment'], out_dir=tmp_path / 'b'
    )
    assert start.task == 'self-supervised'
    assert start.metrics == {'alignment': pytest.approx(own.metrics['alignment'], rel=1e-4)}


def write_digits(root: Path) -> Path:
    """Four images of each of three digits, for each split."""
    data = Digits(split='train')
    infos = [data.get_data_info(index) for index in range(len(data))]
    for digit in range(3):
        images = [info['img'] for info in infos if info['gt_label'] == digit]
        for number, image in enumerate(images[:12]):
            path = root / ('train', 'val', 'test')[number % 3] / f'd{digit}' / f'{number}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return root


SMALL = {
    'image_size': 32, 'train_dataloader.num_workers': 0, 'val_dataloader.num_workers': 0,
    'test_dataloader.num_workers': 0,
}  # fmt: skip


def folder_runner(config: str, root: Path, work_dir: Path, **settings: object) -> Runner:
    cfg = load_config(config, {'data_root': str(root), 'backbone': 'resnet18', **SMALL, **settings})
    cfg.work_dir = str(work_dir)
    return build_runner(cfg, EvaluationRunner)


@pytest.mark.slow
def test_weights_never_trained_and_images_from_outside(tmp_path: Path) -> None:
    """A torchvision file, images in folders, and others from a folder without classes."""
    from torchvision.models import resnet18

    root = write_digits(tmp_path / 'digits')
    weights = tmp_path / 'moco.pth'
    state = {f'module.encoder_q.{name}': value for name, value in resnet18().state_dict().items()}
    torch.save({'state_dict': state}, weights)
    (tmp_path / 'noise').mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / 'noise' / f'{number}.png')
    settings = {'data_root': str(root), **SMALL}
    found = evaluate(
        'ce/folder', weights, settings, 'isotropy,ood', out_dir=tmp_path / 'a', ood_root=tmp_path / 'noise'
    )
    assert found.task == 'self-supervised' and found.images == 12 and list(found.metrics) == ['isotropy', 'ood/auroc']
    outside = np.load(tmp_path / 'a' / 'features_outside.npy')
    assert outside.shape == (3, 512)
    # An image that changes while its size stays.
    image = root / 'test' / 'd0' / os.listdir(root / 'test' / 'd0')[0]
    pixels = np.asarray(Image.open(image))
    image.write_bytes(image.read_bytes())
    os.utime(image, ns=(1, 1))
    key = json.loads((tmp_path / 'a' / 'features_test.json').read_text())['key']
    Image.fromarray(pixels).save(image)
    evaluate('ce/folder', weights, settings, 'isotropy', out_dir=tmp_path / 'a')
    changed = json.loads((tmp_path / 'a' / 'features_test.json').read_text())['key']
    assert {name for name in key if key[name] != changed[name]} == {'data'}
    unlabelled = {'data_root': str(root), 'backbone': 'resnet18', 'image_size': 32, 'train_dataloader.num_workers': 0}
    own = evaluate('sce/folder', weights, unlabelled, 'isotropy', out_dir=tmp_path / 'b')
    assert own.images == 12 and own.metrics['isotropy'] == pytest.approx(found.metrics['isotropy'], rel=1e-3)


@pytest.mark.slow
def test_images_with_several_labels(tmp_path: Path) -> None:
    from sklearn.metrics import average_precision_score

    root = write_digits(tmp_path / 'digits')
    table = root / 'labels.csv'
    lines = [
        f'{path.relative_to(root)},{path.parent.name}{"|odd" if path.parent.name == "d1" else ""},{path.parts[-3]}'
        for path in sorted(root.rglob('*.png'))
    ]
    table.write_text('\n'.join(['path,label,split', *lines]))
    runner = folder_runner('ce/folder_multilabel', table, tmp_path / 'run')
    found = evaluate_runner(runner, 'test', 'all')
    assert found.task == 'multi-label classification'
    with np.load(tmp_path / 'run' / 'predictions_test.npz', allow_pickle=False) as file:
        scores, labels = file['scores'], file['labels']
    assert labels.shape == scores.shape == (12, 4) and labels.sum() == 16
    expected = [100 * average_precision_score(labels[:, i], scores[:, i]) for i in range(4)]
    assert [row[1] for row in found.tables['per_class']['rows']] == pytest.approx(expected)
    assert found.metrics['multi-label/mAP'] == pytest.approx(np.mean(expected))
    assert 'isotropy' in found.metrics and 'knn/k20' not in found.metrics
    assert any('any number of labels' in note for note in found.notes)


def test_a_file_of_another_model(trained: Runner, tmp_path: Path) -> None:
    """Weights of a classifier with other classes are no starting weights."""
    cfg = short_config('ce', tmp_path / 'other')
    runner = build_runner(cfg, EvaluationRunner)
    with pytest.raises(
        ConfigError,
        match=r'was trained on 8 classes \(0, 1, 2, 3, 4, ...\), and these data have 10; .* ood_classes=NAME',
    ):
        load_weights(runner, str(Path(trained.work_dir, 'iter_6.pth')))
