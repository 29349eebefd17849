"""What a module returns in a training step, seen from outside the model."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from cft.engine.encoding import pooled


class FirstOutput:
    """The first output of a module after each :meth:`ask`, without gradient.

    In a self-supervised step the first pass through the online backbone is that
    of the clean views, the first one first; hard examples and further crops
    come later. Nothing of the pass itself changes.

    Args:
        module: Of the model that is trained.
        of: What is kept of the output; default: features (N, D) float32, pooled if they are maps.

    Example:
        >>> layer = nn.Linear(2, 3)
        >>> first = FirstOutput(layer)
        >>> first.ask()
        >>> _ = layer(torch.ones(4, 2)), layer(torch.ones(5, 2))
        >>> first.answer().shape, first.answer()
        (torch.Size([4, 3]), None)
    """

    def __init__(self, module: nn.Module, of: Callable[[Any], Tensor] = pooled) -> None:
        self._of = of
        self._asked = False
        self._kept: Tensor | None = None
        self._handle = module.register_forward_hook(self._look)

    def ask(self) -> None:
        """Keep the next output."""
        self._asked, self._kept = True, None

    def answer(self) -> Tensor | None:
        """What was kept, once; None if the module was not called."""
        kept, self._kept, self._asked = self._kept, None, False
        return kept

    def close(self) -> None:
        """Leave the module alone."""
        self._handle.remove()

    def _look(self, module: nn.Module, inputs: object, output: Any) -> None:
        if self._asked:
            self._asked = False
            with torch.no_grad():
                self._kept = self._of(output).detach()
