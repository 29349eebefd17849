"""Which tensors of a file fill a backbone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .names import SHARED_TABLE, find_dialects, translate
from .sources import by_preference

AUXILIARY = re.compile(r'(^|\.)auxiliary\.')
COUNTER = 'num_batches_tracked'
# A table of indices, which follows from the size of the window.
DERIVED = 'relative_position_index'
# Normalises averaged patch features; no pre-training has it.
POOLED_NORM = re.compile(r'ln2\.(weight|bias)')
# Tensors of a transformer outside of its layers without which it computes something else.
ESSENTIAL = {'pos_embed', 'pre_norm', 'rel_pos_bias', 'register_tokens', 'reg_token', 'dist_token'}


@dataclass(frozen=True)
class Match:
    """Tensors of a file for a backbone.

    Attributes:
        prefix: What precedes the backbone's names in the file.
        dialect: How they are named below it ('' for OpenMMLab's names).
        found: The backbone's name to the file's.
        lacking: Names of the backbone that the file lacks and that must be there.
        below: Name below the prefix, in OpenMMLab's naming, to the file's.
    """

    prefix: str
    dialect: str
    found: dict[str, str]
    lacking: list[str]
    below: dict[str, str]


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
    dialects = find_dialects(names)
    for view in ({name: name for name in names}, translate(names, own)):
        needed = [name for name in own if _must_be_there(name, view)]
        for prefix in by_preference(_prefixes(view, needed[0])):
            lacking = [name for name in needed if prefix + name not in view]
            if best is None or len(lacking) < len(best.lacking):
                found = {n: view[prefix + n] for n in own if prefix + n in view and not n.endswith(DERIVED)}
                below = {name[len(prefix) :]: file for name, file in view.items() if name.startswith(prefix)}
                dialect = dialects[prefix].name if prefix in dialects else ''
                best = Match(prefix, dialect, found, lacking, below)
    return best


def find_encoders(names: Iterable[str]) -> list[str]:
    """Prefixes of all ResNets and ViTs in a file, the preferred one first."""
    names = set(translate(names))
    anchors = (('conv1.weight', 'layer1.0.conv1.weight'), ('patch_embed.projection.weight', 'layers.0.ln1.weight'))
    prefixes = {prefix for first, other in anchors for prefix in _prefixes(names, first) if prefix + other in names}
    return by_preference(sorted(prefixes))


def foreign_tensor(match: Match, own: Iterable[str]) -> str | None:
    """First name of the file that belongs into the backbone, which has no place for it.

    A further block, a layer scale or a bias: loaded without it, the network would compute something else.
    """
    own = set(own)
    modules = {name.split('.')[0] for name in own if '.' in name}
    expanded = any(name.endswith('relative_position_bias_table') for name in match.found)
    for name, file in match.below.items():
        top = name.split('.')[0]
        if name in own or name.endswith((COUNTER, DERIVED)) or AUXILIARY.search(name):
            continue
        if name == SHARED_TABLE and expanded:
            continue
        # A norm of the same level as the layers may be of another head, such as a classifier's.
        inside = top in modules and not re.fullmatch(r'ln[12]', top)
        if inside or (top in ESSENTIAL and 'cls_token' in match.below):
            return file
    return None


def _must_be_there(name: str, view: Iterable[str]) -> bool:
    if AUXILIARY.search(name) and not any(AUXILIARY.search(other) for other in view):
        return False
    return not name.endswith((COUNTER, DERIVED)) and not POOLED_NORM.fullmatch(name)


def _prefixes(names: Iterable[str], first: str) -> list[str]:
    return sorted({name[: -len(first)] for name in names if name == first or name.endswith('.' + first)})
