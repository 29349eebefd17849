"""Adversarial training as a run: resumed in its middle, with accumulated gradients and a moving average."""

from pathlib import Path

import pytest

from cft.apis import train
from tests.support.digits_runs import run, short_config
from tests.training.interrupted_runs import EMA, assert_same_run


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_resumed_run_is_the_uninterrupted_one(mode: str, tmp_path: Path) -> None:
    """Random starts, hard pairs and half-accumulated gradients follow from seed and iteration."""
    made = {}
    for name, start in (('whole', None), ('resumed', 3)):
        cfg = short_config(
            'coretuning', tmp_path / name, iterations=6, train_dataloader__batch_size=8,
            optim_wrapper__accumulative_counts=2,
        )  # fmt: skip
        attack = dict(type='cft.PGD', norm='linf', epsilon=24.0, num_steps=2, model_mode=mode)
        cfg.model.adversarial = attack
        cfg.custom_hooks = [*cfg.get('custom_hooks', []), EMA]
        if start is not None:
            cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / f'iter_{start}.pth')
        made[name] = train(cfg)
    assert_same_run(tmp_path / 'whole' / 'iter_6.pth', tmp_path / 'resumed' / 'iter_6.pth')


def test_what_a_step_costs_is_in_the_log(tmp_path: Path) -> None:
    runner = run('ce', tmp_path, iterations=1, model__adversarial=dict(type='cft.PGD', norm='linf', epsilon=24.0))
    assert runner.model.adversarial.num_steps == 10
    (log,) = tmp_path.glob('*/*.log')
    assert '10 forward and backward passes of the attack in each step' in log.read_text()
