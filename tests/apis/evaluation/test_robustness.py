"""Robust accuracy of a run's model: against plain accuracy, over processes' pass, and the attacks of the toolbox."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import cft_cli
from cft.apis import build_runner, evaluate_runner, load_config
from cft.apis.evaluation.toolbox_attacks import PARTS, require_toolbox
from cft.errors import ConfigError
from cft.evaluation import RobustnessCheck
from cft_cli.evaluate import parse_args
from tests.support.digits_runs import CONFIGS

PER_CLASS = 3


@pytest.fixture(scope='module')
def runner(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Its classifier is fitted to the features of the images on which it is attacked."""
    folder = tmp_path_factory.mktemp('robust')
    cfg = load_config(CONFIGS / 'quickstart' / 'ce_digits.py', {'work_dir': str(folder)})
    for split in ('val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.dataset = dict(type='cft.StratifiedSubset', per_class=PER_CLASS, seed=0, dataset=loader.dataset)
        loader.batch_size = 16
    cfg.experiment_name = folder.name
    built = build_runner(cfg)
    torch.manual_seed(0)
    built.model.init_weights()
    model = built.model.eval()
    batches = [model.data_preprocessor(batch, False) for batch in built.build_dataloader(cfg.val_dataloader)]
    with torch.no_grad():
        features = torch.cat([model.extract_feat(batch['inputs'])[-1] for batch in batches])
        labels = torch.cat([sample.gt_label for batch in batches for sample in batch['data_samples']])
        rows = torch.cat([features, torch.ones(len(features), 1)], dim=1)
        targets = torch.eye(10)[labels]
        weights = torch.linalg.solve(rows.T @ rows + 1e-4 * torch.eye(rows.shape[1]), rows.T @ targets)
        model.head.fc.weight.copy_(weights[:-1].T)
        model.head.fc.bias.copy_(weights[-1])
    return built


def found(runner: object, **settings: object) -> SimpleNamespace:
    check = RobustnessCheck(**{'norm': 'linf', 'epsilon': 4, 'num_steps': (5,), 'restarts': 1} | settings)
    evaluation = evaluate_runner(runner, 'val', (), attack=check)
    return SimpleNamespace(**vars(evaluation), robust=evaluation.metrics['robust/pgd5'])


def test_epsilon_0_is_the_accuracy(runner: object) -> None:
    """Exactly, and nothing is drawn, moved or switched."""
    before = {name: value.clone() for name, value in runner.model.state_dict().items()}
    state, training = torch.get_rng_state(), runner.model.train().training
    metrics = found(runner, epsilon=0).metrics
    assert metrics['robust/pgd5'] == metrics['robust/clean'] == metrics['accuracy/top1'] > 50
    assert torch.equal(torch.get_rng_state(), state) and runner.model.training == training
    assert all(torch.equal(value, before[name]) for name, value in runner.model.state_dict().items())


@pytest.mark.parametrize('norm', ['linf', 'l2'])
def test_the_curve_falls_to_zero(runner: object, norm: str) -> None:
    """From the clean accuracy; the same seed gives the same; the table is in what the evaluation writes."""
    first, second = (found(runner, norm=norm, epsilon=4 if norm == 'linf' else 60) for _ in range(2))
    rows = first.tables['robustness']['rows']
    curve = [row[1] for row in rows]
    assert rows[0] == ['0', first.metrics['robust/clean'], round(first.metrics['robust/clean'] / 100 * 10 * PER_CLASS)]
    assert curve == sorted(curve, reverse=True) and curve[-1] == 0 and first.robust in curve
    assert first.robust < first.metrics['robust/clean']
    assert first.tables['robustness'] == second.tables['robustness']
    assert not any('gradient masking' in note for note in first.notes)


def test_a_model_that_hides_its_gradients_is_told(runner: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its logits are those of rounded images: what noise finds, steps along gradients do not."""
    head, forward = runner.model.head, type(runner.model.head).forward

    def rounded(feats: tuple) -> torch.Tensor:
        logits = forward(head, feats)
        return logits.detach() + 0 * logits

    monkeypatch.setattr(head, 'forward', rounded)
    told = [note for note in found(runner, epsilon=4).notes if note.startswith('gradient masking?')]
    assert any('may change every pixel at will' in note for note in told)


def test_classifiers_alone_have_it(runner: object) -> None:
    with pytest.raises(ConfigError, match='classifiers that are trained'):
        evaluate_runner(runner, 'val', (), predicts=False, attack=RobustnessCheck('linf', 4))


def test_without_the_toolbox_the_remedy_is_named(runner: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('art', 'art.attacks', 'art.attacks.evasion'):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"pip install 'cft-contrastive-tuning\[robust\]'"):
        found(runner, autoattack=True)


def test_parts_of_the_toolbox(runner: object) -> None:
    """Each leaves fewer than the one before; all together no more than PGD, with which the ball is shared."""
    pytest.importorskip('art')
    require_toolbox()
    evaluation = found(runner, autoattack=True, queries=20)
    metrics = evaluation.metrics
    values = [metrics['robust/clean'], *(metrics[f'robust/{part}'] for part in PARTS)]
    assert values == sorted(values, reverse=True) and values[-1] == metrics['robust/autoattack']
    assert metrics['robust/autoattack'] <= metrics['robust/pgd5'] + 100 / (10 * PER_CLASS)
    assert any('Square (20 queries)' in note and 'FAB besides' in note for note in evaluation.notes)


def test_words_of_the_command(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    args = parse_args(['run', 'attack=l2:127.5', 'attack_steps=20', 'image_size=32'])
    assert args.attack == {'attack': 'l2:127.5', 'steps': '20'} and args.cfg_options == ['image_size=32']
    for words, told in ((['attack_steps=20'], 'attack_steps: say with what'), (['attack=linf'], 'write attack=linf:4')):
        with pytest.raises(SystemExit):
            cft_cli.main(['evaluate', 'quickstart/ce_digits', str(tmp_path / 'model.pth'), *words])
        assert told in capsys.readouterr().err
