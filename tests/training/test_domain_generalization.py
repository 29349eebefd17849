"""Leave one domain out in real runs: selection, what must not influence it, interruption."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from cft.apis import domain_generalization, train
from cft.apis.domain_generalization import HeldOutRun, leave_one_domain_out, plan_runs, read_result, run_held_out
from tests.support.digits_runs import weights
from tests.support.domain_runs import CE, CORE_TUNING, draw, settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp('data') / 'domains')


def plan(root: Path, work_dir: Path, held_out: str, config: Path = CE, **changes: object) -> HeldOutRun:
    runs = plan_runs([config], [0], work_dir, settings(root, **changes))
    return next(run for run in runs if run.test_domain == held_out)


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

    monkeypatch.setattr(domain_generalization, 'train', watched)
    return runners


def test_best_checkpoint_of_validation_is_tested(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first maximum of the validation curve; testing its file again gives the reported accuracy."""
    runners = watch(monkeypatch)
    run = plan(root, tmp_path, 'photo', iterations=8)
    result = run_held_out(run)
    curve = runners[0].message_hub.get_scalar('val/accuracy/average').data[0].tolist()
    assert len(curve) == 4
    assert result['iteration'] == 2 * (1 + curve.index(max(curve)))
    assert result['validation'] == max(curve)
    assert result == read_result(run)

    runner = Runner.from_cfg(runners[0].cfg)
    runner.load_checkpoint(str(run.folder / f'best_accuracy_average_iter_{result["iteration"]}.pth'))
    metrics = runner.test()
    assert metrics == {'accuracy/photo': result['test'], 'accuracy/average': result['test']}


def test_held_out_domain_has_no_influence(root: Path, tmp_path: Path) -> None:
    """Noise instead of its images, and labels exchanged: the same weights and the same choice, bit for bit."""
    changed = Path(shutil.copytree(root, tmp_path / 'changed' / 'domains'))
    (changed / 'photo' / 'dark').rename(changed / 'photo' / 'other')
    (changed / 'photo' / 'bright').rename(changed / 'photo' / 'dark')
    (changed / 'photo' / 'other').rename(changed / 'photo' / 'bright')
    (changed / 'photo' / 'grey' / '00.png').unlink()
    for path in (changed / 'photo').rglob('*.png'):
        cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    folders, results = [], []
    for data in (root, changed):
        run = plan(data, tmp_path / data.parent.name, 'photo', CORE_TUNING)
        results.append(run_held_out(run))
        folders.append(run.folder)
    assert results[0]['iteration'] == results[1]['iteration']
    assert results[0]['validation'] == results[1]['validation']
    for name in (f'best_accuracy_average_iter_{results[0]["iteration"]}.pth', 'iter_6.pth'):
        assert_same_weights(folders[0] / name, folders[1] / name)


def test_a_training_domain_has_influence(root: Path, tmp_path: Path) -> None:
    """Equality above is no accident."""
    changed = Path(shutil.copytree(root, tmp_path / 'changed' / 'domains'))
    for path in (changed / 'art').rglob('*.png'):
        cv2.imwrite(str(path), np.zeros((16, 16, 3), np.uint8))
    first, second = (plan(data, tmp_path / data.parent.name, 'photo', iterations=2) for data in (root, changed))
    run_held_out(first), run_held_out(second)
    states = [weights(run.folder / 'iter_2.pth') for run in (first, second)]
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
    changes = {'iterations': 8, 'train_dataloader__num_workers': workers}
    whole, parts = (plan(root, tmp_path / name, 'photo', **changes) for name in ('whole', 'parts'))
    expected = run_held_out(whole)
    with pytest.raises(KeyboardInterrupt):
        run_held_out(parts)
    assert read_result(parts) is None
    result = run_held_out(parts)
    # Iteration 5, the fifth, is done twice: the checkpoint is that of iteration 4.
    assert batches['parts'] == batches['whole'][:5] + batches['whole'][4:]
    if workers == 0:
        assert result == expected
        assert_same_weights(whole.folder / 'iter_8.pth', parts.folder / 'iter_8.pth')


def test_finished_runs_are_not_repeated(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what another setting or a new seed asks for is trained."""
    runners = watch(monkeypatch)
    runs = plan_runs([CE], [0], tmp_path, settings(root, iterations=2))
    first = leave_one_domain_out(runs[:2])
    started, told = [], []
    again = leave_one_domain_out(runs[:3], started.append, lambda run, result: told.append(result))
    assert len(runners) == 3 and started == [runs[2]]
    assert again[:2] == first and told == again
    assert not [path for path in tmp_path.rglob('*') if path.name.endswith('.part')]
    other = plan_runs([CE], [0], tmp_path, settings(root, iterations=2, optim_wrapper__optimizer__lr=0.01))
    assert read_result(other[0]) is None


def test_lost_newest_checkpoint_means_a_fresh_start(root: Path, tmp_path: Path) -> None:
    """As when a machine died between removing the old file and writing the new one."""
    run = plan(root, tmp_path, 'photo', iterations=2)
    expected = run_held_out(run)
    (run.folder / 'result.json').unlink()
    (run.folder / 'iter_2.pth').unlink()
    assert (run.folder / 'last_checkpoint').is_file()
    assert run_held_out(run) == expected
