"""Record what other libraries' attacks do to a network: python -m tests.models.adversarial.record_other_libraries.

In an environment of its own with torchattacks 3.5.1 and adversarial-robustness-toolbox 1.20.1 beside cft's.
"""

import json
import logging
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from tests.models.adversarial.trained_network import trained_network

FILE = Path(__file__).with_name('data') / 'other_libraries.json'
# Of 255; a step is an eighth of epsilon, so that ten steps can cross the ball.
EPSILONS = {'linf': (12.75, 25.5, 51.0), 'l2': (63.75, 127.5, 255.0)}
STEPS, SEEDS, SHOWN = 10, 5, 24


def main() -> None:
    import torchattacks
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    logging.disable(logging.WARNING)
    model, images, labels = trained_network()
    single = model.float()
    images = images.float()
    found: dict = {'torchattacks': torchattacks.__version__, 'clean': accuracy(single, images, labels)}
    estimator = PyTorchClassifier(
        single, torch.nn.CrossEntropyLoss(), (1, 8, 8), 10, clip_values=(0.0, 1.0), device_type='cpu'
    )
    for norm, epsilons in EPSILONS.items():
        kind = torchattacks.PGD if norm == 'linf' else torchattacks.PGDL2
        for epsilon in epsilons:
            settings = {'eps': epsilon / 255, 'alpha': epsilon / 255 / 4, 'steps': STEPS}
            fixed = kind(single, **settings, random_start=False)(images, labels)
            own = []
            for seed in range(SEEDS):
                torch.manual_seed(seed)
                own.append(accuracy(single, kind(single, **settings, random_start=True)(images, labels), labels))
            attack = ProjectedGradientDescentPyTorch(
                estimator, norm=np.inf if norm == 'linf' else 2, eps=settings['eps'], eps_step=settings['alpha'],
                max_iter=STEPS, num_random_init=0, batch_size=200, verbose=False,
            )  # fmt: skip
            toolbox = torch.from_numpy(attack.generate(images.numpy(), labels.numpy()))
            losses = F.cross_entropy(single(fixed), labels, reduction='none')[:SHOWN]
            found[f'{norm} {epsilon:g}'] = {
                'losses': [round(float(value), 5) for value in losses],
                'right': accuracy(single, fixed, labels),
                'right by random starts': own,
                'right by the toolbox': accuracy(single, toolbox, labels),
            }
            if epsilon == epsilons[1]:
                auto = torchattacks.AutoAttack(
                    single, norm='Linf' if norm == 'linf' else 'L2', eps=settings['eps'], n_classes=10, seed=0
                )
                found[f'{norm} {epsilon:g}']['right by AutoAttack'] = accuracy(single, auto(images, labels), labels)
    FILE.write_text(json.dumps(found, indent=1) + '\n')


def accuracy(model: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> int:
    return int((model(images).argmax(dim=1) == labels).sum())


if __name__ == '__main__':
    main()
