"""Many small smooth problems minimised at once."""

from collections.abc import Callable

import torch
from torch import Tensor

# Of the decrease that the slope promises (Armijo).
DECREASE = 1e-4
HALVINGS = 40

# Of some points (A, P) and the numbers (A,) of their problems, the values (A,) and gradients (A, P).
Objective = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@torch.no_grad()
def minimize_batch(
    objective: Objective, start: Tensor, tolerance: float = 1e-6, history: int = 10, max_iterations: int = 1000
) -> tuple[Tensor, Tensor]:
    """Minimise each of B problems by L-BFGS with backtracking, the step of each its own.

    A problem that has converged is left out of what follows, so that the slow
    ones cost no more than they would alone. A pair of a step and a change of
    the gradient that shows no positive curvature is not kept.

    Source: Liu and Nocedal 1989; Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 3.1.

    Args:
        objective: Called with points of some problems and their numbers.
        start: (B, P) first points, float64 for a tolerance as fine as the default.
        tolerance: On the largest absolute entry of the gradient.
        history: Number of pairs.
        max_iterations: Of each problem.

    Returns:
        (B, P) points and (B,) booleans, False for a problem that did not reach the tolerance.

    Example:
        >>> target = torch.tensor([[1.0, -2.0], [3.0, 0.5]], dtype=torch.float64)
        >>> def distance(points, problems):
        ...     gap = points - target[problems]
        ...     return (gap**2).sum(dim=1), 2 * gap
        >>> found, converged = minimize_batch(distance, torch.zeros_like(target))
        >>> torch.allclose(found, target), converged.tolist()
        (True, [True, True])
    """
    found = start.clone()
    done = torch.zeros(len(start), dtype=torch.bool, device=start.device)
    problems = torch.arange(len(start), device=start.device)
    points, (values, gradients) = start, objective(start, problems)
    steps = points.new_zeros(len(points), history, points.shape[1])
    changes = torch.zeros_like(steps)
    inverse = points.new_zeros(len(points), history)
    scale = 1 / gradients.norm(dim=1).clamp_min(1.0)
    for iteration in range(max_iterations + 1):
        reached = gradients.abs().amax(dim=1) <= tolerance
        found[problems], done[problems] = points, reached
        going = ~reached
        if not going.any() or iteration == max_iterations:
            break
        if reached.any():
            parts = (problems, points, values, gradients, steps, changes, inverse, scale)
            problems, points, values, gradients, steps, changes, inverse, scale = (part[going] for part in parts)
        newest = iteration % history
        direction = _direction(gradients, steps, changes, inverse, scale, newest)
        next_points, next_values, next_gradients, moved = _backtrack(
            objective, problems, points, values, gradients, direction
        )
        step, change = next_points - points, next_gradients - gradients
        curvature, size = (step * change).sum(dim=1), (change**2).sum(dim=1)
        useful = curvature > 1e-12 * size.sqrt() * step.norm(dim=1)
        steps[:, newest], changes[:, newest] = step, change
        inverse[:, newest] = torch.where(useful, 1 / curvature.where(useful, curvature.new_ones(())), 0)
        scale = torch.where(useful, curvature / size.clamp_min(torch.finfo(size.dtype).tiny), scale)
        points, values, gradients = next_points, next_values, next_gradients
        if not moved.all():
            # No step is better in these digits.
            found[problems[~moved]] = points[~moved]
            parts = (problems, points, values, gradients, steps, changes, inverse, scale)
            problems, points, values, gradients, steps, changes, inverse, scale = (part[moved] for part in parts)
            if not len(problems):
                break
    return found, done


def _direction(
    gradients: Tensor, steps: Tensor, changes: Tensor, inverse: Tensor, scale: Tensor, oldest: int
) -> Tensor:
    """The two loops; a pair whose inverse curvature is 0 takes no part."""
    direction, weights = gradients.clone(), torch.zeros_like(inverse)
    history = inverse.shape[1]
    order = [(oldest + offset) % history for offset in range(history)]
    for pair in reversed(order):
        weights[:, pair] = inverse[:, pair] * (steps[:, pair] * direction).sum(dim=1)
        direction -= weights[:, pair, None] * changes[:, pair]
    direction *= scale[:, None]
    for pair in order:
        correction = inverse[:, pair] * (changes[:, pair] * direction).sum(dim=1)
        direction += (weights[:, pair] - correction)[:, None] * steps[:, pair]
    return -direction


def _backtrack(
    objective: Objective, problems: Tensor, points: Tensor, values: Tensor, gradients: Tensor, direction: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Halve each step until it decreases enough; points, values and gradients there, and which have moved."""
    slope = (gradients * direction).sum(dim=1)
    uphill = slope >= 0
    direction = torch.where(uphill[:, None], -gradients, direction)
    slope = torch.where(uphill, -(gradients**2).sum(dim=1), slope)
    rounding = 8 * torch.finfo(values.dtype).eps * values.abs().clamp_min(1.0)
    next_points, next_values, next_gradients = points.clone(), values.clone(), gradients.clone()
    left, length = torch.arange(len(points), device=points.device), 1.0
    for _ in range(HALVINGS):
        tried = points[left] + length * direction[left]
        new_values, new_gradients = objective(tried, problems[left])
        enough = new_values <= values[left] + DECREASE * length * slope[left] + rounding[left]
        rows = left[enough]
        next_points[rows], next_values[rows] = tried[enough], new_values[enough]
        next_gradients[rows] = new_gradients[enough]
        left, length = left[~enough], length / 2
        if not len(left):
            break
    moved = torch.ones(len(points), dtype=torch.bool, device=points.device)
    moved[left] = False
    return next_points, next_values, next_gradients, moved
