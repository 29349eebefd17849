"""Robust accuracy of a classifier: its test images under attack, in pixel space."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.runner import Runner
from torch import Tensor, nn

from cft.engine.encoding import several_labels
from cft.engine.hooks.iteration_seed import seed_all
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode, in_order, ordered_loader, told_batches
from cft.errors import ConfigError
from cft.evaluation import RobustnessCheck, masking_signs, robust_accuracy, robustness_table
from cft.models.adversarial import PixelSpace, least_fooling_epsilon, random_corners

from .data import build_dataset, evaluated_split
from .toolbox_attacks import PARTS, TOLD, require_toolbox, toolbox_attacks

Logits = Callable[[Tensor], Tensor]


class Robustness(NamedTuple):
    """What attacks found.

    Attributes:
        metrics: Accuracies in per cent, such as ``robust/clean``, ``robust/pgd20``, ``robust/autoattack``.
        table: The curve over epsilon.
        notes: Which attacks, and signs of gradient masking.

    Example:
        >>> Robustness({'robust/clean': 90.0}, {}, []).metrics
        {'robust/clean': 90.0}
    """

    metrics: dict[str, float]
    table: dict[str, Any]
    notes: list[str]


def measure_robustness(runner: Runner, split: str, check: RobustnessCheck) -> Robustness:
    """Attack all images of a split; in a distributed job they are shared, and every process has the result.

    ``robust/pgd20`` counts the images that stand all restarts of PGD with 20
    steps. The curve is of the largest number of steps. Of ``autoattack`` each
    part attacks what has stood the parts before it.

    Args:
        runner: With the model, its weights loaded.
        split: As of :func:`cft.apis.evaluate`.
        check: The attacks.

    Raises:
        ConfigError: If images have several labels, or are normalised elsewhere than in the data preprocessor; if
            ``autoattack`` has no package.

    Example:
        >>> measure_robustness(runner, 'test', RobustnessCheck('linf', 4)).metrics  # doctest: +SKIP
        {'robust/clean': 91.2, 'robust/pgd10': 52.0, 'robust/pgd20': 51.4, 'robust/pgd50': 51.2}
    """
    if several_labels(runner.model):
        raise ConfigError('attack: robust accuracy is of images with one label each; leave it out')
    if check.autoattack:
        require_toolbox()
    named, settings = evaluated_split(runner.cfg, split)
    dataset = build_dataset(runner.cfg, named)
    batches = told_batches(ordered_loader(dataset, settings), 'Attacks', runner.logger.info)
    parts: list[dict[str, np.ndarray]] = []
    with evaluation_mode(unwrap_model(runner.model)):
        parts.extend(in_order(attacked_batches(runner.model, batches, check), len(dataset)))
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    found = _summary(rows, check, rows.pop('shape')[0].tolist())
    for note in found.notes:
        if note.startswith('gradient masking'):
            runner.logger.log(logging.WARNING, note)
    return found


def attacked_batches(model: nn.Module, batches: Any, check: RobustnessCheck) -> Iterator[dict[str, Tensor]]:
    """For each image what fools it.

    Yields:
        (B,) rows: ``pgd<steps>``, the least epsilon at which it fools; ``noise``, ``right`` and, if asked for, the
        parts of ``autoattack``, whether they fool or hold; ``shape`` (B, 3).
    """
    encoder: Any = unwrap_model(model)
    pixels = PixelSpace(encoder.data_preprocessor)

    def logits_from(network: Any) -> Logits:
        return lambda images: network.head(network.extract_feat(pixels.normalize(images)))

    logits_of = logits_from(encoder)
    for number, batch in enumerate(batches):
        data = encoder.data_preprocessor(batch, False)
        pixels.check([data['inputs']])
        images = pixels.restore(data['inputs'])
        labels = torch.cat([sample.gt_label for sample in data['data_samples']]).to(images.device)
        # Of the images as they are: restored ones are rounded.
        wrong = encoder.head(encoder.extract_feat(data['inputs'])).argmax(dim=1) != labels
        devices = [images.device] if images.is_cuda else []
        with torch.random.fork_rng(devices):
            seed_all(check.seed, get_rank(), number, purpose=0)
            yield _attacked(encoder, logits_from, logits_of, images, labels, wrong, check)


def _attacked(
    model: nn.Module,
    logits_from: Callable[[Any], Logits],
    logits_of: Logits,
    images: Tensor,
    labels: Tensor,
    wrong: Tensor,
    check: RobustnessCheck,
) -> dict[str, Tensor]:
    rows = {'shape': torch.tensor(images.shape[1:], device=images.device).expand(len(images), -1), 'right': ~wrong}

    def least(epsilons: list[float], steps: int, restarts: int, fooled: Tensor) -> Tensor:
        return least_fooling_epsilon(logits_of, images, labels, check.norm, epsilons, steps, restarts, fooled)

    for steps in check.num_steps:
        rows[f'pgd{steps}'] = least([check.epsilon] * (check.epsilon > 0), steps, check.restarts, wrong)
    if check.epsilon > 0:
        # What stands epsilon stands less, and what it fools is fooled by more: each image is followed one way.
        steps = max(check.num_steps)
        stands, curve = rows[f'pgd{steps}'].isinf(), check.epsilons(images.shape[1:])
        below = least([epsilon for epsilon in curve if epsilon < check.epsilon], steps, 1, wrong | stands)
        above = least([epsilon for epsilon in curve if epsilon > check.epsilon], steps, 1, ~stands)
        rows[f'pgd{steps}'] = torch.where(stands, above, below.clamp(max=check.epsilon))
        rows['noise'] = random_corners(logits_of, images, labels, check.norm, check.epsilon)
        if check.autoattack:
            rows |= toolbox_attacks(
                model, logits_from, images, labels, check.norm, check.epsilon, ~wrong, check.queries
            )
    return rows


def _summary(rows: dict[str, np.ndarray], check: RobustnessCheck, shape: list[int]) -> Robustness:
    right, curve = rows['right'], check.epsilons(shape)
    least = rows[f'pgd{max(check.num_steps)}']
    metrics = {'robust/clean': 100 * float(right.mean())}
    metrics |= {f'robust/pgd{steps}': robust_accuracy(rows[f'pgd{steps}'], check.epsilon) for steps in check.num_steps}
    survived = np.all([rows[f'pgd{steps}'] > check.epsilon for steps in check.num_steps], axis=0)
    attack = f'{check.norm}, epsilon {check.epsilon:g} of 255, {check.restarts} random starts'
    notes = [f'robust/pgd<steps>: {attack}, steps of 2.5 epsilon / steps']
    fooled = {}
    if check.epsilon > 0:
        fooled['noise'] = rows['noise']
    if 'square' in rows:
        left = right
        for part in PARTS:
            left = left & ~rows[part]
            metrics[f'robust/{part}'] = 100 * float(left.mean())
        metrics['robust/autoattack'] = metrics[f'robust/{PARTS[-1]}']
        fooled['Square'] = rows['square']
        notes.append(TOLD.format(queries=check.queries))
    signs = masking_signs(least, curve, fooled, survived)
    return Robustness(metrics, robustness_table(least, curve), [*notes, *signs])
