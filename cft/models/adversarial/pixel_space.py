"""Between pixel values and the normalised images that a model sees."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cft.errors import ConfigError

# Normalising and back rounds by about 1e-5.
ROUNDING = 1e-2


class PixelSpace:
    """The normalisation of a data preprocessor, in both directions.

    Args:
        preprocessor: Any that keeps ``mean`` and ``std`` per channel, as those
            of mmengine and mmpretrain; one without them leaves pixel values.

    Example:
        >>> space = PixelSpace(model.data_preprocessor)  # doctest: +SKIP
        >>> space.check([images])  # doctest: +SKIP
        >>> space.normalize(space.restore(images))  # doctest: +SKIP
    """

    def __init__(self, preprocessor: nn.Module) -> None:
        self.mean: Tensor | None = getattr(preprocessor, 'mean', None)
        self.std: Tensor | None = getattr(preprocessor, 'std', None)

    def restore(self, images: Tensor) -> Tensor:
        """Pixel values 0 to 255 of normalised (N, C, H, W) images."""
        return self._unclamped(images).clamp(0, 255)

    def check(self, views: Sequence[Tensor]) -> None:
        """Refuse normalised (N, C, H, W) views that are no pixel values when restored; waits for the device once.

        Raises:
            ConfigError: If any lies outside [0, 255].
        """
        limits = [torch.stack(torch.aminmax(self._unclamped(images))) for images in views if images.numel()]
        if not limits:
            return
        least, most = torch.stack(limits).amin(dim=0)[0], torch.stack(limits).amax(dim=0)[1]
        if not (least >= -ROUNDING) & (most <= 255 + ROUNDING):
            raise ConfigError(
                f'before normalisation the images lie in [{least:.4g}, {most:.4g}], outside the pixel values '
                '[0, 255] in which adversarial examples are made; give mean and std to the data_preprocessor, '
                'and let no transform normalise or scale the images'
            )

    def _unclamped(self, images: Tensor) -> Tensor:
        images = images.detach()
        return images if self.mean is None or self.std is None else images * self.std + self.mean

    def normalize(self, pixels: Tensor) -> Tensor:
        """What the model sees of (N, C, H, W) pixel values."""
        return pixels if self.mean is None or self.std is None else (pixels - self.mean) / self.std
