"""Trackers: two steps, and their figures read back by each package's own reader."""

import json
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import load_config, train
from cft.apis.configs.trackers import without_trackers
from cft.apis.running.runner import prepare_config
from cft.errors import ConfigError


def tracked(name: str, work_dir: Path, **options: object) -> list[dict]:
    """Two steps; what MMEngine's own log has of them, as an independent record."""
    settings = {
        'tracker': name, 'work_dir': str(work_dir), 'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2,
        'train_dataloader.batch_size': 20, 'train_dataloader.num_workers': 0, 'default_hooks.logger.interval': 1,
        'default_hooks.checkpoint.interval': 2, **options,
    }  # fmt: skip
    cfg = load_config('quickstart/ce_digits', settings)
    cfg.experiment_name = f'tracked_{name}'
    train(cfg)
    (file,) = work_dir.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in file.read_text().splitlines()]


def leveldb_records(content: bytes, header: int = 7, block: int = 1 << 15) -> Iterator[bytes]:
    """Records of a log in LevelDB's format, which W&B writes after a header: check sum, length, kind, data."""
    place, parts = header, b''
    while place + 7 <= len(content):
        left = block - place % block
        if left < 7:
            place += left
            continue
        length, kind = struct.unpack_from('<HB', content, place + 4)
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        # 1: whole; 2, 3: its first and middle parts; 4: its last.
        if kind in (1, 4):
            yield parts
            parts = b''


@pytest.mark.slow
def test_tensorboard(tmp_path: Path) -> None:
    reader = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    first, second, validated = tracked('tensorboard', tmp_path)
    (folder,) = tmp_path.glob('*/vis_data')
    events = reader.EventAccumulator(str(folder)).Reload()
    losses = events.Scalars('loss_ce')
    assert [event.step for event in losses] == [1, 2]
    assert [event.value for event in losses] == pytest.approx([first['loss_ce'], second['loss_ce']])
    assert events.Scalars('accuracy/top1')[0].value == pytest.approx(validated['accuracy/top1'])
    assert load_config(tmp_path).visualizer.vis_backends[1].type == 'TensorboardVisBackend'


@pytest.mark.slow
def test_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip('mlflow')
    for name in ('MLFLOW_ALLOW_FILE_STORE', 'MLFLOW_DISABLE_TELEMETRY'):
        # As it was before is restored after the test.
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    first, second, validated = tracked('mlflow', tmp_path)
    (folder,) = tmp_path.glob('*/vis_data/mlflow')
    client = mlflow.MlflowClient(folder.as_uri())
    (run,) = client.search_runs([client.get_experiment_by_name('cft').experiment_id])
    assert run.info.status == 'FINISHED'
    losses = client.get_metric_history(run.info.run_id, 'loss_ce')
    assert [metric.value for metric in losses] == pytest.approx([first['loss_ce'], second['loss_ce']])
    assert run.data.metrics['accuracy/top1'] == pytest.approx(validated['accuracy/top1'])
    assert run.data.params['train_cfg.max_iters'] == '2'
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ['config.py']
    assert not os.path.exists('mlruns')


@pytest.mark.slow
def test_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, without a login; the key of an account, and the source code, are in none of its files."""
    pytest.importorskip('wandb')
    from wandb.proto import wandb_internal_pb2

    monkeypatch.setenv('WANDB_API_KEY', key := 'a1b2' * 10)
    first, second, validated = tracked('wandb', tmp_path)
    (file,) = tmp_path.glob('*/vis_data/wandb/offline-run-*/run-*.wandb')
    history = []
    for content in leveldb_records(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(content)
        if record.WhichOneof('record_type') == 'history':
            history.append(
                {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
            )
    losses = [row['loss_ce'] for row in history if 'loss_ce' in row]
    assert losses == pytest.approx([first['loss_ce'], second['loss_ce']])
    assert [row['accuracy/top1'] for row in history if 'accuracy/top1' in row] == [validated['accuracy/top1']]
    kept = [path for path in tmp_path.rglob('*') if path.is_file()]
    assert not [path for path in kept if key.encode() in path.read_bytes()]
    assert not list(file.parent.rglob('*.py'))


def test_a_missing_package_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that W&B left in the current one is no package."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'wandb').mkdir()
    there = [path for path in sys.path if not Path(path, 'wandb', '__init__.py').exists()]
    monkeypatch.delitem(sys.modules, 'wandb', raising=False)
    monkeypatch.setattr('sys.path', [*there, str(tmp_path)])
    cfg = load_config('quickstart/ce_digits', {'tracker': 'wandb', 'work_dir': str(tmp_path / 'run')})
    with pytest.raises(ConfigError, match=r"tracker=wandb needs .* pip install 'cft-contrastive-tuning\[wandb\]'"):
        prepare_config(cfg)
    assert not (tmp_path / 'run').exists()


def test_predictions_go_to_no_tracker() -> None:
    cfg = Config(dict(visualizer=dict(vis_backends=[dict(type='LocalVisBackend'), dict(type='WandbVisBackend')])))
    without_trackers(cfg)
    assert [backend.type for backend in cfg.visualizer.vis_backends] == ['LocalVisBackend']
    for cfg in (Config(dict(visualizer=None)), Config({}), Config(dict(visualizer=dict(type='V')))):
        without_trackers(cfg)
