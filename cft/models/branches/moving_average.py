"""Moving averages of parts of a model: the momentum encoders."""

import torch
from torch import nn

LONGEST_REST = 1000


class MovingAverage:
    """Mix-in of a model that keeps a moving average of some of its modules.

    ``cft.MomentumUpdateHook`` moves the averages after every optimiser step.

    Example:
        >>> class Model(MovingAverage, nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer, self.target_layer = nn.Linear(2, 2), nn.Linear(2, 2)
        ...     def averaged_parts(self):
        ...         return ((self.target_layer, self.layer),)
        >>> model = Model()
        >>> model.update_target(momentum=0.0)
        >>> bool((model.target_layer.weight == model.layer.weight).all())
        True
    """

    _steps_without_update = 0

    def averaged_parts(self) -> tuple[tuple[nn.Module, nn.Module], ...]:
        """Modules of the average, each with its online counterpart, which may hold further tensors."""
        raise NotImplementedError

    @torch.no_grad()
    def update_target(self, momentum: float) -> None:
        """Move the average: ``target = momentum * target + (1 - momentum) * online``.

        Parameters move; BatchNorm statistics of the average are its own.
        """
        targets: list[torch.Tensor] = []
        goals: list[torch.Tensor] = []
        for target, online in self.averaged_parts():
            goal = dict(online.named_parameters())
            for name, parameter in target.named_parameters():
                targets.append(parameter)
                goals.append(goal[name])
        torch._foreach_lerp_(targets, goals, 1 - momentum)
        self._steps_without_update = 0

    def copy_to_target(self) -> None:
        """Let the average begin as the online modules are, with their statistics."""
        for target, online in self.averaged_parts():
            weights = online.state_dict()
            target.load_state_dict({name: weights[name] for name in target.state_dict()})

    def check_updates(self) -> None:
        """Count a batch.

        Raises:
            RuntimeError: If the average is never updated.
        """
        self._steps_without_update += 1
        if self._steps_without_update > LONGEST_REST:
            raise RuntimeError(
                f'the momentum encoder has not moved for {LONGEST_REST} batches; add '
                "custom_hooks = [dict(type='cft.MomentumUpdateHook')] to the config"
            )
