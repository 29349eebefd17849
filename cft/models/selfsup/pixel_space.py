"""Between pixel values and the normalised images that a model sees."""

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

    Raises:
        ConfigError: On use, if restored images lie outside [0, 255].

    Example:
        >>> space = PixelSpace(model.data_preprocessor)  # doctest: +SKIP
        >>> space.normalize(space.restore(images))  # doctest: +SKIP
    """

    def __init__(self, preprocessor: nn.Module) -> None:
        self.mean: Tensor | None = getattr(preprocessor, 'mean', None)
        self.std: Tensor | None = getattr(preprocessor, 'std', None)

    def restore(self, images: Tensor) -> Tensor:
        """Pixel values 0 to 255 of normalised (N, C, H, W) images."""
        pixels = images.detach()
        if self.mean is not None and self.std is not None:
            pixels = pixels * self.std + self.mean
        if pixels.numel():
            least, most = torch.aminmax(pixels)
            if not (least >= -ROUNDING and most <= 255 + ROUNDING):
                raise ConfigError(
                    f'before normalisation the images lie in [{least:.4g}, {most:.4g}], outside the pixel values '
                    '[0, 255] in which adversarial examples are made; give mean and std to the data_preprocessor, '
                    'and let no transform normalise or scale the images'
                )
        return pixels.clamp(0, 255)

    def normalize(self, pixels: Tensor) -> Tensor:
        """What the model sees of (N, C, H, W) pixel values."""
        return pixels if self.mean is None or self.std is None else (pixels - self.mean) / self.std
