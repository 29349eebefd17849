"""Real runs of a plan: from pre-training to a fine-tuned model, measured; interrupted; through submitit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cft import apis
from cft.apis import load_config, run_plan
from cft.apis.experiments import runs
from cft.apis.running.training import train
from cft.datasets import Digits
from cft.experiments import Output, Plan, Run, RunRecord, Submitit, execute, folder_of, read_records
from tests.experiments.test_execution import values
from tests.support.experiment_work import HERE, happened

pytestmark = pytest.mark.slow
SHORT = {
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'default_hooks.logger.interval': 1,
}
SCE = Run(
    'sce',
    'quickstart/sce_digits',
    {**SHORT, 'train_cfg.max_epochs': 1},
    options={'splits': ['test'], 'measures': ['knn']},
)
RANDOM = Run('random', 'quickstart/sce_digits', {}, options={'splits': ['test'], 'measures': ['knn'], 'train': False})
COIN = Run(
    'coin-3', 'quickstart/coin_digits',
    {**SHORT, 'train_cfg.max_iters': 6, 'train_cfg.val_interval': 2, 'checkpoint': Output('sce'),
     'default_hooks.checkpoint.save_best': 'accuracy/top1', 'default_hooks.checkpoint.rule': 'greater',
     'default_hooks.checkpoint.interval': 2},
    seed=3, labels={'method': 'coin', 'draw': 3}, options={'splits': ['val', 'test'], 'measures': ['knn', 'isotropy']},
)  # fmt: skip


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('experiment')


@pytest.fixture(scope='module')
def records(folder: Path) -> dict[str, RunRecord]:
    return {record.name: record for record in run_plan([COIN, SCE, RANDOM], folder, 'in-process')}


def test_record_of_a_fine_tuning(records: dict[str, RunRecord], folder: Path) -> None:
    record = records['coin-3']
    sce = folder_of(folder, records['sce']) / records['sce'].checkpoint
    assert record.overrides['checkpoint'] == str(sce)
    assert (record.seed, record.labels) == (3, {'method': 'coin', 'draw': 3})
    assert set(record.metrics) == {'val', 'test'}
    assert {'accuracy/top1', 'knn/k20', 'isotropy'} <= set(record.metrics['test'])
    assert record.curves['val']['step'] == [2, 4, 6]
    assert record.curves['train']['step'] == [1, 2, 3, 4, 5, 6]
    # The first maximum of the validation is the checkpoint, and what is measured.
    curve = record.curves['val']['accuracy/top1']
    best = 2 * (1 + int(np.argmax(curve)))
    assert record.checkpoint == f'best_accuracy_top1_iter_{best}.pth'
    assert record.metrics['val']['accuracy/top1'] == pytest.approx(max(curve))
    stages = load_config('quickstart/coin_digits').custom_hooks[0].stages
    assert record.stages == [round(6 * stages[0].fraction)]
    assert record.data['train']['images'] == 50 and record.data['train']['counts'] == [5] * 10
    assert record.data['val']['images'] == 297 and record.data['test']['images'] == 500
    assert 0 < record.step_seconds < record.seconds
    assert record.peak_bytes > 1e7
    assert {'torch', 'python', 'device', 'machine', 'processes', 'code'} <= set(record.versions)
    assert sorted(read_records(folder), key=lambda found: found.name) == [records[name] for name in sorted(records)]


def test_the_checkpoint_has_the_reported_accuracy(records: dict[str, RunRecord], folder: Path, tmp_path: Path) -> None:
    place = folder_of(folder, records['coin-3'])
    file = place / records['coin-3'].checkpoint
    cfg = load_config(place / 'coin_digits.py', {'load_from': str(file), 'work_dir': str(tmp_path)})
    assert apis.test(cfg)['accuracy/top1'] == pytest.approx(records['coin-3'].metrics['test']['accuracy/top1'])


def test_pretraining_is_measured_without_labels_of_its_own(records: dict[str, RunRecord]) -> None:
    assert set(records['sce'].metrics) == {'test'}
    assert 0 <= records['sce'].metrics['test']['knn/k20'] <= 100
    assert records['random'].curves == {} and records['random'].checkpoint is None
    assert 'accuracy/top1' not in records['random'].metrics['test']


def test_nothing_is_done_twice(records: dict[str, RunRecord], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, 'train', None)
    again = run_plan([SCE, RANDOM, COIN], folder, 'in-process')
    assert {record.name: record for record in again} == records


def test_the_test_split_is_not_read_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    original = Digits.prepare_data

    def watched(dataset: Digits, index: int) -> dict:
        read.add(dataset.split)
        return original(dataset, index)

    monkeypatch.setattr(Digits, 'prepare_data', watched)
    run = Run('ce', 'quickstart/ce_digits', {**SHORT, 'train_cfg.max_iters': 2})
    (record,) = run_plan([run], tmp_path, 'in-process')
    assert set(record.metrics) == set(record.data) - {'train'} == {'val'}
    assert read == {'train', 'val'}
    run_plan([replace(run, options={'splits': ['test']})], tmp_path, 'in-process')
    assert read == {'train', 'val', 'test'}


def test_killed_training_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by SIGKILL after its third checkpoint: the same record in the end, the steps before not repeated."""
    overrides = {**SHORT, 'train_cfg.max_iters': 5, 'default_hooks.checkpoint.interval': 1}
    run = Run('ce', 'quickstart/ce_digits', overrides)
    (whole,) = run_plan([run], tmp_path / 'whole', 'in-process')
    resumed: list[bool] = []

    def killed(cfg, resume):
        resumed.append(resume)
        if resume:
            return train(cfg, resume)
        cfg.train_cfg.max_iters = 3
        train(cfg)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, 'train', killed)
    with pytest.raises(KeyboardInterrupt):
        run_plan([run], tmp_path / 'parts', 'in-process')
    (parts,) = run_plan([run], tmp_path / 'parts', 'in-process')
    assert resumed == [False, True]
    assert parts.fingerprint == whole.fingerprint
    assert parts.curves['train']['step'] == [1, 2, 3, 4, 5]


def test_submitit(tmp_path: Path) -> None:
    """Jobs of milliseconds, one of which needs another; then a real training."""
    plan = [Run('run-1', 'config', {'start': Output('first')}, seed=1), Run('first', 'config', seed=100)]
    with Submitit('local', width=2) as executor:
        records = execute(Plan(plan), tmp_path, f'{HERE}:count', executor)
        assert values(records) == {'run-1': 101, 'first': 100}
        assert len({record.versions['process'] for record in records}) == 2
        assert happened(tmp_path) == ['done first', 'done run-1']
        run = Run('ce', 'quickstart/ce_digits', {**SHORT, 'train_cfg.max_iters': 2})
        (record,) = run_plan([run], tmp_path, executor)
    assert 0 <= record.metrics['val']['accuracy/top1'] <= 100
    assert 'Iter(train) [2/2]' in (folder_of(tmp_path, record) / 'run.log').read_text()
    assert run_plan([run], tmp_path, 'in-process') == [record]
