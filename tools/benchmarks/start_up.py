"""What it takes to begin: importing, the first step of a training, and a short training as a process and in a plan.

python tools/benchmarks/start_up.py [--config quickstart/ce_digits] [--rounds 3] [--runs 3] [--out FILE.json]

CPU seconds of the process with its children, and wall time, as the least of the rounds: other work on the machine adds
to both. The floor beside them is what plain PyTorch takes: its import, and its import with one step of SGD.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOOR, STEP = 'import torch', 'import torch, one step of SGD'
ONE_STEP = (
    'import torch; layer = torch.nn.Linear(1, 1); optimizer = torch.optim.SGD(layer.parameters(), lr=0.1); '
    'layer(torch.ones(1, 1)).sum().backward(); optimizer.step()'
)
PLAN = """
import sys
from cft.apis import run_plan
from cft.experiments import Run

config, number, folder, executor = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
runs = [Run(f'run-{seed}', config, {}, seed, options={'splits': ['test']}) for seed in range(number)]
run_plan(runs, folder, executor)
"""
RUN = """
import contextlib, json, os, sys, time
from pathlib import Path
from cft.apis.experiments.runs import train_and_measure
from cft.experiments import Run

found = []
for seed in range(int(sys.argv[2])):
    folder = Path(sys.argv[3], str(seed))
    folder.mkdir(parents=True)
    cpu, begun = sum(os.times()[:4]), time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        train_and_measure(Run('run', sys.argv[1], {}, seed, options={'splits': ['test']}), folder, {})
    found.append({'cpu': sum(os.times()[:4]) - cpu, 'wall': time.perf_counter() - begun})
print(json.dumps(found))
"""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default='quickstart/ce_digits', help='what is trained')
    parser.add_argument('--rounds', type=int, default=3, help='repetitions, of which the least counts')
    parser.add_argument('--runs', type=int, default=3, help='runs of the plan')
    parser.add_argument('--out', type=Path, help='write the numbers as JSON')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    python, train = [sys.executable], [sys.executable, str(ROOT / 'tools' / 'train.py'), args.config]
    first = ['train_cfg.max_iters=1', 'train_cfg.val_interval=2', 'default_hooks.checkpoint.interval=2']
    commands = {
        FLOOR: [*python, '-c', 'import torch'],
        STEP: [*python, '-c', ONE_STEP],
        'cft --help': [*python, '-c', 'from cft_cli import main; main(["--help"])'],
        'import cft': [*python, '-c', 'import cft'],
        'from cft.apis import train': [*python, '-c', 'from cft.apis import train'],
        'train.py, one step': [*train, *first],
        'train.py, the whole run': train,
        f'plan of {args.runs} runs': [
            *python, '-c', PLAN, args.config, str(args.runs), '{folder}', 'auto'
        ],
    }  # fmt: skip
    found: dict[str, dict[str, float]] = {}
    for _ in range(args.rounds):
        for name, command in commands.items():
            keep_least(found, name, measured(command)[0])
        with work_folder() as folder:
            command = [*python, '-c', RUN, args.config, str(args.runs), folder]
            for number, cost in enumerate(json.loads(measured(command)[1])):
                keep_least(found, 'a run in a process that has done none' if number == 0 else 'a later run', cost)
    show(found)
    if args.out is not None:
        args.out.write_text(f'{json.dumps(found, indent=1)}\n')


@contextlib.contextmanager
def work_folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix='cft_start_up_') as folder:
        yield str(Path(folder, 'work'))


def measured(command: list[str]) -> tuple[dict[str, float], str]:
    """Seconds of a process and all that it starts, and what it prints."""
    with work_folder() as folder:
        filled = [part.replace('{folder}', folder) for part in command]
        if 'train.py' in ' '.join(filled):
            filled += ['--work-dir', folder]
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        environment = os.environ | {'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
        done = subprocess.run(filled, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f'{" ".join(filled)} failed:\n{done.stderr[-3000:]}')
    return {'cpu': after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 'wall': wall}, done.stdout


def keep_least(found: dict[str, dict[str, float]], name: str, cost: dict[str, float]) -> None:
    least = found.setdefault(name, cost)
    found[name] = {kind: round(min(value, least[kind]), 3) for kind, value in cost.items()}


def show(found: dict[str, dict[str, float]]) -> None:
    floor, width = found[FLOOR]['cpu'], max(map(len, found))
    print(f'{"":{width}}  CPU s   wall s  CPU as ratio to importing torch')
    for name, cost in found.items():
        print(f'{name:{width}}  {cost["cpu"]:5.2f}   {cost["wall"]:6.2f}  {cost["cpu"] / floor:5.2f}')


if __name__ == '__main__':
    main()
