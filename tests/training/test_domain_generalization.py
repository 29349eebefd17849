"""Leave one domain out in real runs: selection, what must not influence it, interruption."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from cft.apis import leave_one_domain_out, run_plan, train
from cft.apis.experiments import runs
from cft.apis.experiments.domain_generalization import METRIC, held_out_runs
from cft.experiments import Run, RunRecord
from tests.support.digits_runs import weights
from tests.support.domain_runs import CE, CORE_TUNING, draw, settings, short_pretraining

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp('data') / 'domains')


def plan(root: Path, held_out: str, config: Path = CE, **changes: object) -> Run:
    runs = held_out_runs([config], [0], settings(root, **changes))
    return next(run for run in runs if run.labels['test_domain'] == held_out)


def do(run: Run, work_dir: Path) -> tuple[RunRecord, Path]:
    """The record of a run, and its folder."""
    (record,) = run_plan([run], work_dir, 'in-process')
    return record, next((work_dir / 'runs').glob(f'*-{record.fingerprint[:10]}'))


def iteration_of(record: RunRecord) -> int:
    return int(record.checkpoint.removesuffix('.pth').split('_')[-1])


def assert_same_weights(first: Path, second: Path) -> None:
    expected, found = weights(first), weights(second)
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())


def watch(monkeypatch: pytest.MonkeyPatch) -> list[Runner]:
    """The runners that are trained from now on."""
    runners: list[Runner] = []

    def watched(cfg: Config, resume: bool) -> Runner:
        runners.append(train(cfg, resume))
        return runners[-1]

    monkeypatch.setattr(runs, 'train', watched)
    return runners


def test_best_checkpoint_of_validation_is_tested(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first maximum of the validation curve; testing its file again gives the reported accuracy."""
    runners = watch(monkeypatch)
    record, folder = do(plan(root, 'photo', iterations=8), tmp_path)
    curve = runners[0].message_hub.get_scalar('val/accuracy/average').data[0].tolist()
    assert record.curves['val']['step'] == [2, 4, 6, 8]
    assert record.curves['val'][METRIC] == pytest.approx(curve)
    assert iteration_of(record) == 2 * (1 + curve.index(max(curve)))
    assert record.metrics['val'][METRIC] == pytest.approx(max(curve))
    assert record.curves['train']['step'] == list(range(1, 9))
    assert record.stages == [] and record.step_seconds > 0 and record.peak_bytes > 1e6
    assert record.data['train'] == {'images': 72, 'classes': ['bright', 'dark', 'grey'], 'counts': [24] * 3}
    assert record.data['test']['images'] == 30

    runner = Runner.from_cfg(runners[0].cfg)
    runner.load_checkpoint(str(folder / f'best_accuracy_average_iter_{iteration_of(record)}.pth'))
    tested = record.metrics['test']
    metrics = runner.test()
    assert metrics == {name: pytest.approx(tested[name]) for name in ('accuracy/photo', 'accuracy/average')}
    assert tested['accuracy/photo'] == tested['accuracy/average']


def with_another_photo(root: Path, tmp_path: Path) -> Path:
    """A copy whose domain ``photo`` has noise instead of its images, labels exchanged, and one image less."""
    changed = Path(shutil.copytree(root, tmp_path / 'changed' / 'domains'))
    (changed / 'photo' / 'dark').rename(changed / 'photo' / 'other')
    (changed / 'photo' / 'bright').rename(changed / 'photo' / 'dark')
    (changed / 'photo' / 'other').rename(changed / 'photo' / 'bright')
    (changed / 'photo' / 'grey' / '00.png').unlink()
    for path in (changed / 'photo').rglob('*.png'):
        cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    return changed


def test_held_out_domain_has_no_influence(root: Path, tmp_path: Path) -> None:
    """The same weights and the same choice, bit for bit."""
    changed = with_another_photo(root, tmp_path)
    (first, folder), (second, other) = (
        do(plan(data, 'photo', CORE_TUNING), tmp_path / data.parent.name) for data in (root, changed)
    )
    assert first.checkpoint == second.checkpoint
    assert first.metrics['val'] == second.metrics['val']
    for name in (first.checkpoint, 'iter_6.pth'):
        assert_same_weights(folder / name, other / name)


def test_held_out_domain_has_no_influence_on_pretraining(root: Path, tmp_path: Path) -> None:
    """Encoder and fine-tuned weights are the same, bit for bit; the fine-tuning has begun with that encoder."""
    config = short_pretraining(tmp_path / 'sce.py')
    folders = {}
    for data in (root, with_another_photo(root, tmp_path)):
        runs = held_out_runs([CORE_TUNING], [0], settings(data, iterations=2), pretraining=config)
        chosen = [run for run in runs if run.name.endswith('photo-0')]
        assert [bool(run.labels) for run in chosen] == [False, True]
        work = tmp_path / data.parent.name
        records = run_plan(chosen, work, 'in-process')
        folders[data] = [next((work / 'runs').glob(f'*-{record.fingerprint[:10]}')) for record in records]
    (before, after), (other_before, other_after) = folders.values()
    assert_same_weights(before / 'epoch_1.pth', other_before / 'epoch_1.pth')
    assert_same_weights(after / 'iter_2.pth', other_after / 'iter_2.pth')
    assert f'{before / "epoch_1.pth"}' in (after / 'run.log').read_text()


def test_a_training_domain_has_influence(root: Path, tmp_path: Path) -> None:
    """Equality above is no accident."""
    changed = Path(shutil.copytree(root, tmp_path / 'changed' / 'domains'))
    for path in (changed / 'art').rglob('*.png'):
        cv2.imwrite(str(path), np.zeros((16, 16, 3), np.uint8))
    folders = [do(plan(data, 'photo', iterations=2), tmp_path / data.parent.name)[1] for data in (root, changed)]
    states = [weights(folder / 'iter_2.pth') for folder in folders]
    assert not torch.equal(states[0]['head.fc.weight'], states[1]['head.fc.weight'])


@pytest.mark.parametrize('workers', [0, pytest.param(1, marks=pytest.mark.slow)])
def test_interrupted_run_goes_on(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Stopped in the middle and called again: batches of the same images; without workers the same weights, too."""
    batches: dict[str, list[list[str]]] = {'whole': [], 'parts': []}
    original = Runner.call_hook

    def record(runner: Runner, name: str, **given: object) -> None:
        if name == 'before_train_iter':
            part = 'whole' if 'whole' in runner.work_dir else 'parts'
            if part == 'parts' and runner.iter == 5 and len(batches['parts']) == 5:
                raise KeyboardInterrupt
            batches[part].append([sample.img_path for sample in given['data_batch']['data_samples']])
        original(runner, name, **given)

    monkeypatch.setattr(Runner, 'call_hook', record)
    run = plan(root, 'photo', iterations=8, train_dataloader__num_workers=workers)
    expected, whole = do(run, tmp_path / 'whole')
    with pytest.raises(KeyboardInterrupt):
        do(run, tmp_path / 'parts')
    assert not list(tmp_path.glob('parts/runs/*/result.json'))
    found, parts = do(run, tmp_path / 'parts')
    # Iteration 5, the fifth, is done twice: the checkpoint is that of iteration 4.
    assert batches['parts'] == batches['whole'][:5] + batches['whole'][4:]
    assert found.curves['val']['step'] == [2, 4, 6, 8] and found.curves['train']['step'] == list(range(1, 9))
    if workers == 0:
        assert (found.fingerprint, found.metrics) == (expected.fingerprint, expected.metrics)
        assert found.curves['val'] == expected.curves['val']
        assert_same_weights(whole / 'iter_8.pth', parts / 'iter_8.pth')


def test_finished_runs_are_not_repeated(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what another setting or a new seed asks for is trained."""
    runners = watch(monkeypatch)
    changes = settings(root, iterations=2)
    for split in ('train', 'val', 'test'):
        changes[f'{split}_dataloader.dataset.domains'] = ['art', 'photo']
    first = leave_one_domain_out([CE], [0], tmp_path, changes, executor='in-process')
    assert [(result['test_domain'], result['processes']) for result in first] == [('art', 1), ('photo', 1)]
    again = leave_one_domain_out([CE], [0], tmp_path, changes | {'log_level': 'ERROR'}, executor='in-process')
    assert again == first and len(runners) == 2
    assert not [path for path in tmp_path.rglob('*') if path.name.endswith('.part')]
    run_plan(held_out_runs([CE], [0, 1], changes)[1:2], tmp_path, 'in-process')
    assert len(runners) == 3
    changed = held_out_runs([CE], [0], changes | {'optim_wrapper.optimizer.lr': 0.01})[:1]
    run_plan(changed, tmp_path, 'in-process')
    assert len(runners) == 4


def test_lost_newest_checkpoint_means_a_fresh_start(root: Path, tmp_path: Path) -> None:
    """As when a machine died between removing the old file and writing the new one."""
    run = plan(root, 'photo', iterations=2)
    expected, folder = do(run, tmp_path)
    (folder / 'result.json').unlink()
    (folder / 'iter_2.pth').unlink()
    assert (folder / 'last_checkpoint').is_file()
    assert do(run, tmp_path)[0].metrics == expected.metrics
