"""scikit-learn's handwritten digits in four appearances, for domain generalisation."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from .arguments import require_integers
from .folder import complete_folder
from .preview import save_domains_preview
from .texture import add_noise, random_colour, textured_background

# To be raised when the same arguments would draw other pictures.
VERSION = 1
SIZE = 32
FINE = 4


def draw_digit_domains(root: str | Path, seed: int = 0, on_image: Callable[[], None] = lambda: None) -> None:
    """Draw each of the 1,797 digits in one of four domains.

    The folder holds a folder per domain, in it a folder per class, in it RGB
    PNG files of 32x32 pixels: ``plain/7/0015.png``, where 15 is the number of
    the digit in :func:`sklearn.datasets.load_digits`. Domains share no digit
    and have as many of each class, up to one. ``preview.png`` shows some.

    - ``plain``: white on black.
    - ``inverted_colour``: a dark digit on a bright background of random hue.
    - ``texture``: a digit of random colour over a two-coloured texture.
    - ``edges``: its outline, drawn with a pencil on paper.

    Args:
        root: Folder to make; must not exist or be empty.
        seed: Which digit goes to which domain, and everything random in the pictures.
        on_image: Called after each image.

    Raises:
        FolderOccupied: If ``root`` is not empty.
        ConfigError: If ``seed`` is no integer of at least 0, or ``root`` cannot be written.

    Example:
        >>> draw_digit_domains('data/digit_domains')  # doctest: +SKIP
    """
    require_integers(0, seed=seed)
    # Here, as every run would wait for SciPy.
    from sklearn.datasets import load_digits

    digits, classes = load_digits(return_X_y=True)
    record = {'type': 'digit_domains', 'version': VERSION, 'arguments': {'seed': seed}, 'domains': list(DOMAINS)}
    with complete_folder(root, record) as folder:
        for domain in DOMAINS:
            for name in np.unique(classes):
                (folder / domain / str(name)).mkdir(parents=True)
        for index, domain in enumerate(assign_domains(classes, seed)):
            rng = np.random.default_rng([seed, index])
            picture = DOMAINS[domain](rng, digits[index].reshape(8, 8) / 16)
            Image.fromarray(picture).save(folder / domain / str(classes[index]) / f'{index:04}.png')
            on_image()
        save_domains_preview(folder, list(DOMAINS))


def assign_domains(classes: np.ndarray, seed: int) -> list[str]:
    """Domain of each of N digits: those of a class are shuffled and dealt out in turn.

    Args:
        classes: (N,) integers.
        seed: Of the shuffling.
    """
    names = np.array(list(DOMAINS))
    assigned = np.empty(len(classes), names.dtype)
    dealt = 0
    for label in np.unique(classes):
        members = np.random.default_rng([seed, int(label)]).permutation(np.flatnonzero(classes == label))
        # Each class goes on where the last one ended, so that the domains are of one size, too.
        assigned[members] = names[(np.arange(len(members)) + dealt) % len(names)]
        dealt += len(members)
    return assigned.tolist()


def plain(rng: np.random.Generator, digit: np.ndarray) -> np.ndarray:
    """White on black."""
    return _paint(np.zeros((SIZE, SIZE, 3)), _ink(digit), np.array([255.0, 255.0, 255.0]))


def inverted_colour(rng: np.random.Generator, digit: np.ndarray) -> np.ndarray:
    """A dark digit on a bright background of one colour."""
    background = np.broadcast_to(random_colour(rng, (90, 230), (190, 256)), (SIZE, SIZE, 3))
    return _paint(background, _ink(digit), random_colour(rng, (0, 256), (0, 60)))


def texture(rng: np.random.Generator, digit: np.ndarray) -> np.ndarray:
    """A digit of one colour on a texture of two others, brighter or darker than it."""
    background = textured_background(rng, SIZE)
    colour = random_colour(rng, (0, 256), (0, 256))
    while np.linalg.norm(background - colour, axis=2).min() < 90:
        background = textured_background(rng, SIZE)
        colour = random_colour(rng, (0, 256), (0, 256))
    return add_noise(rng, _paint(background, _ink(digit), colour), deviation=10)


def edges(rng: np.random.Generator, digit: np.ndarray) -> np.ndarray:
    """The outline of the digit in grey on bright paper."""
    inside = (_ink(digit, SIZE * FINE) > 0.5).astype(np.uint8)
    border = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)).astype(np.float32)
    outline = cv2.resize(border, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    paper = np.full((SIZE, SIZE, 3), rng.uniform(215, 245))
    return add_noise(rng, _paint(paper, outline, np.full(3, rng.uniform(20, 80))), deviation=5)


DOMAINS: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    'plain': plain,
    'inverted_colour': inverted_colour,
    'texture': texture,
    'edges': edges,
}


def _ink(digit: np.ndarray, size: int = SIZE) -> np.ndarray:
    """(size, size) in [0, 1]: how much of each pixel the digit covers, with a margin around it."""
    inner = size * 3 // 4
    enlarged = cv2.resize(digit.astype(np.float32), (inner, inner), interpolation=cv2.INTER_CUBIC)
    margin = (size - inner) // 2
    return np.clip(np.pad(enlarged, margin) * 1.6 - 0.3, 0, 1)


def _paint(background: np.ndarray, coverage: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """(size, size, 3) uint8: the colour laid over the background where it covers."""
    return np.round(background + coverage[..., None] * (colour - background)).astype(np.uint8)
