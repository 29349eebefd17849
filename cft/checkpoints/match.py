"""Which tensors of a file fill a backbone."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .names import dialects_of, to_openmmlab, to_timm
from .recipes import Make, find_recipe
from .sources import by_preference

AUXILIARY = re.compile(r'(^|\.)auxiliary\.')
COUNTER = 'num_batches_tracked'
# Tables of numbers that follow from the sizes of windows and images, and masks.
DERIVED = (
    'relative_position_index', 'relative_coords_table', 'attn_mask', 'rope.freqs', 'freqs_cos', 'freqs_sin',
    'rope_embed.periods', 'bias_mask', 'position_ids', 'inv_freq',
)  # fmt: skip
# Normalises averaged features; pre-training by masked images has none.
POOLED_NORM = re.compile(r'(ln2|fc_norm|head\.norm)\.(weight|bias)')
ENCODERS = (
    ('conv1.weight', 'layer1.0.conv1.weight'),
    ('conv1.0.weight', 'layer1.0.conv1.weight'),
    ('stem.0.weight', 'layer1.0.conv1.weight'),
    ('stem.0.conv.weight', 'layer1.0.conv1.weight'),
    ('patch_embed.projection.weight', 'layers.0.ln1.weight'),
    ('patch_embed.proj.weight', 'blocks.0.norm1.weight'),
    ('patch_embed.proj.weight', 'layers.0.blocks.0.norm1.weight'),
    ('stem.0.weight', 'stages.0.blocks.0.conv_dw.weight'),
    ('stem.0.weight', 'stages.0.blocks.0.conv_dw.kernel'),
)


@dataclass(frozen=True)
class Taken:
    """What a tensor of a backbone is made of.

    Attributes:
        files: Names in the file.
        make: The tensor out of these; None where it is the one tensor itself.
    """

    files: tuple[str, ...]
    make: Make | None = None


@dataclass(frozen=True)
class Match:
    """Tensors of a file for a backbone.

    Attributes:
        prefix: What precedes the backbone's names in the file.
        dialect: How they are named below it ('' for OpenMMLab's names).
        found: The backbone's name to what it is made of.
        lacking: Names of the backbone that the file lacks and that must be there.
        below: Name below the prefix, in the backbone's naming, to the file's.
    """

    prefix: str
    dialect: str
    found: dict[str, Taken]
    lacking: list[str]
    below: dict[str, str]

    @property
    def used(self) -> set[str]:
        """All names of the file that go into the backbone."""
        return {file for taken in self.found.values() for file in taken.files}


def match_names(own: Iterable[str], names: Iterable[str]) -> Match | None:
    """Find the backbone in a file, under any prefix, in its own names or in another code base's.

    Args:
        own: Names of the backbone's tensors.
        names: Names of the file's.

    Returns:
        The match that lacks fewest tensors; None if no prefix fits the backbone's first tensor.

    Example:
        >>> match_names(['weight'], ['module.encoder_q.weight']).prefix
        'module.encoder_q.'
    """
    own, names = list(own), list(names)
    best = None
    dialects = dialects_of(names)
    for view in ({name: name for name in names}, to_timm(names), to_openmmlab(names, own)):
        needed = [name for name in own if _must_be_there(name, view)]
        for prefix in by_preference(_prefixes(view, _first(needed))):
            below = {name[len(prefix) :]: file for name, file in view.items() if name.startswith(prefix)}
            recipes = {name: find_recipe(name, below) for name in own}
            lacking = [name for name in needed if recipes[name] is None]
            pooled = [name for name in own if POOLED_NORM.fullmatch(name)]
            if any(recipes[name] is not None for name in pooled):
                lacking += [name for name in pooled if recipes[name] is None]
            if best is None or len(lacking) < len(best.lacking):
                found = {
                    name: Taken(tuple(below[part] for part in recipe[0]), recipe[1])
                    for name, recipe in recipes.items()
                    if recipe is not None and not name.endswith(DERIVED)
                }
                best = Match(prefix, dialects[prefix].name if prefix in dialects else '', found, lacking, below)
    return best


def assemble(match: Match, tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The backbone's tensors out of the file's; dimensions of length one follow the backbone's.

    Raises:
        ValueError: If numbers of the file would get lost.
    """
    made = {}
    for name, taken in match.found.items():
        parts = [tensors[file] for file in taken.files]
        try:
            tensor = parts[0] if taken.make is None else taken.make(*parts)
        except ValueError as error:
            raise ValueError(f'{taken.files[0]!r} {error}') from error
        except (RuntimeError, IndexError) as error:
            raise ValueError(f'{", ".join(map(repr, taken.files))} are of shapes that do not go together') from error
        shape = own[name].shape
        if tensor.shape != shape and _long(tensor.shape) == _long(shape):
            tensor = tensor.reshape(shape)
        made[name] = tensor
    return made


def find_encoders(names: Iterable[str]) -> list[str]:
    """Prefixes of all networks in a file whose architecture is known, the preferred one first."""
    names = list(names)
    views = (set(to_timm(names)), set(to_openmmlab(names)))
    prefixes = {
        prefix
        for view in views
        for first, other in ENCODERS
        for prefix in _prefixes(view, first)
        if prefix + other in view
    }
    return by_preference(sorted(prefixes))


def _long(shape: torch.Size) -> list[int]:
    return [length for length in shape if length != 1]


def _must_be_there(name: str, view: Collection[str]) -> bool:
    if AUXILIARY.search(name) and not any(AUXILIARY.search(other) for other in view):
        return False
    return not name.endswith((COUNTER, *DERIVED)) and not POOLED_NORM.fullmatch(name)


def _first(needed: list[str]) -> str:
    """The tensor that shows where the backbone stands; what precedes it in a transformer is no sure sign."""
    return next((name for name in needed if name.startswith('patch_embed.')), needed[0])


def _prefixes(names: Iterable[str], first: str) -> list[str]:
    return sorted({name[: -len(first)] for name in names if name == first or name.endswith('.' + first)})
