"""``cal_acc``: the accuracy on the training batch in the log, and in no loss."""

from pathlib import Path

import pytest
import torch
from mmpretrain.models import LinearClsHead
from mmpretrain.structures import DataSample

from cft.errors import ConfigError
from cft.models.classification import ContrastiveClsHead
from tests.models.classification.contrastive_heads import LABELS, build, run
from tests.support.comparison import random_rows
from tests.support.digits_runs import run as train_digits


def counted(head: ContrastiveClsHead, features: torch.Tensor, k: int) -> float:
    """Per cent of the rows whose label is among the k largest logits, row after row."""
    hits = 0
    for logits, label in zip(head.fc(features).tolist(), LABELS.tolist(), strict=True):
        hits += label in sorted(range(3), key=lambda c: -logits[c])[:k]
    return 100 * hits / len(LABELS)


@pytest.mark.parametrize('pairs', [None, 'HardPairMixup'])
@pytest.mark.parametrize('weights', [{}, {'loss_ce': 0.0}, {'loss_con': 0.0}])
def test_accuracy_of_the_originals(pairs: str | None, weights: dict[str, float]) -> None:
    """Whatever is generated beside them, and whichever loss is at work; it carries no gradient."""
    head = build(pairs, cal_acc=True, topk=(1, 2), smooth_classifier=pairs is not None, loss_weights=weights)
    plain = build(pairs, smooth_classifier=pairs is not None, loss_weights=weights)
    for seed in range(4):
        features = random_rows(7, seed=seed)
        losses = run(head, features)
        for k in (1, 2):
            accuracy = losses.pop(f'accuracy_top-{k}')
            assert accuracy.item() == pytest.approx(counted(head, features, k), rel=1e-6)
            assert not accuracy.requires_grad
        expected = run(plain, features)
        assert set(losses) == set(expected) and all(torch.equal(losses[name], expected[name]) for name in losses)


def test_it_is_what_mmpretrain_logs() -> None:
    """Where no largest logit is below 0, which mmpretrain counts as wrong."""
    head, theirs = build(branch=False, cal_acc=True), LinearClsHead(3, 5, cal_acc=True).double()
    with torch.no_grad():
        head.fc.bias += 10
    theirs.fc.load_state_dict(head.fc.state_dict())
    features = random_rows(7)
    samples = [DataSample().set_gt_label(int(label)) for label in LABELS]
    expected = theirs.loss((features,), samples)['accuracy_top-1'][0]
    assert torch.equal(run(head, features)['accuracy_top-1'], expected.squeeze())


def test_without_it_nothing_is_logged() -> None:
    assert set(run(build(branch=False))) == {'loss_ce'}


def test_mixed_labels_have_no_accuracy() -> None:
    """mmpretrain stops there, too."""
    head = build(branch=False, cal_acc=True)
    with pytest.raises(ConfigError, match='cal_acc has no meaning with mixed labels'):
        head.loss((random_rows(1),), [DataSample().set_gt_score(torch.tensor([0.5, 0.5, 0.0]))])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'topk': (1, 2)}, 'topk would have no effect: set cal_acc=True'),
        ({'cal_acc': True, 'topk': (1, 5)}, 'topk must lie between 1 and the 3 classes'),
        ({'cal_acc': True, 'topk': 0}, 'topk must lie between 1 and the 3 classes'),
    ],
)
def test_mistakes_are_told(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(branch=False, **options)


def test_in_the_log_of_a_run(tmp_path: Path) -> None:
    """From the command line; the loss that is trained is that of the two terms alone."""
    runner = train_digits('coretuning', tmp_path, iterations=2, model__head__cal_acc=True)
    scalars = runner.message_hub.log_scalars
    accuracies = scalars['train/accuracy_top-1'].data[0]
    assert len(accuracies) == 2 and all(0 <= value <= 100 for value in accuracies)
    total = scalars['train/loss_ce'].data[0] + scalars['train/loss_con'].data[0]
    assert scalars['train/loss'].data[0] == pytest.approx(total, rel=1e-5)
