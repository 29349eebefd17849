"""Problems of different difficulty side by side, against closed forms and SciPy."""

import numpy as np
import pytest
import torch
from scipy.optimize import rosen

from cft.ops.batched_lbfgs import minimize_batch


def rosenbrock(points: torch.Tensor, problems: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.enable_grad():
        points = points.clone().requires_grad_(True)
        head, tail = points[:, :-1], points[:, 1:]
        values = (100 * (tail - head**2) ** 2 + (1 - head) ** 2).sum(dim=1)
        (gradients,) = torch.autograd.grad(values.sum(), points)
    return values.detach(), gradients


def test_curved_valleys_end_at_their_minimum() -> None:
    start = torch.from_numpy(np.random.default_rng(0).uniform(-1.5, 1.5, (6, 3)))
    found, converged = minimize_batch(rosenbrock, start, tolerance=1e-9)
    assert converged.all()
    assert torch.allclose(found, torch.ones_like(found), atol=1e-7)
    assert rosen(found.numpy().T) == pytest.approx(0, abs=1e-12)


def test_each_problem_ends_where_it_ends_alone() -> None:
    """Conditions from 1 to 1e6: those that converge early leave the batch."""
    generator = np.random.default_rng(1)
    shapes = np.stack([np.diag(np.logspace(0, power, 4)) for power in range(7)])
    centre = torch.from_numpy(generator.standard_normal((7, 4)))
    matrices = torch.from_numpy(shapes)

    def quadratic(points: torch.Tensor, problems: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gap = points - centre[problems]
        gradients = (matrices[problems] @ gap[:, :, None])[:, :, 0]
        return (gap * gradients).sum(dim=1) / 2, gradients

    found, converged = minimize_batch(quadratic, torch.zeros(7, 4, dtype=torch.float64), tolerance=1e-9)
    assert converged.all()
    assert torch.allclose(found, centre, atol=1e-8)
    for number in range(7):
        alone, _ = minimize_batch(
            lambda points, problems, number=number: quadratic(points, problems + number),
            torch.zeros(1, 4, dtype=torch.float64),
            tolerance=1e-9,
        )
        assert torch.allclose(alone[0], found[number], atol=1e-9)


def test_a_problem_without_a_minimum_is_told_and_holds_no_other_up() -> None:
    def objective(points: torch.Tensor, problems: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        falls = (problems == 1)[:, None]
        values = torch.where(falls, -points, (points - 3) ** 2)[:, 0]
        return values, torch.where(falls, -torch.ones_like(points), 2 * (points - 3))

    found, converged = minimize_batch(objective, torch.zeros(3, 1, dtype=torch.float64), max_iterations=50)
    assert converged.tolist() == [True, False, True]
    assert found[[0, 2], 0].tolist() == pytest.approx([3, 3])


def test_a_start_at_the_minimum_stays() -> None:
    start = torch.ones(2, 3, dtype=torch.float64)
    found, converged = minimize_batch(rosenbrock, start)
    assert converged.all() and torch.equal(found, start)
