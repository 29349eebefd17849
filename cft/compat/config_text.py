"""The text of a config is formatted once for each content, and so is each of its statements.

MMEngine formats it five times in a run of two steps, and again for every
checkpoint: 0.1 to 0.3 s each time for a short config. The runs of a plan
differ in few of its settings.
"""

import ast
import functools
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from mmengine.config import Config

CONTENTS = 16
STATEMENTS = 1024
_formatting = Config.pretty_text
_texts: dict[str, str] = {}


def remember_config_texts() -> None:
    """Let ``Config.pretty_text`` format what it has not formatted lately.

    Example:
        >>> remember_config_texts()
        >>> Config(dict(a=1)).pretty_text.strip()
        'a = 1'
    """
    Config.pretty_text = property(_pretty_text, doc=_formatting.__doc__)


def _pretty_text(cfg: Config) -> str:
    # All that the text depends on: values are written by their own representation.
    content = f'{cfg._format_python_code} {cfg.to_dict()!r}'
    if content not in _texts:
        text = _format_by_statement(cfg)
        while len(_texts) >= CONTENTS:
            del _texts[next(iter(_texts))]
        _texts[content] = text
    return _texts[content]


def _format_by_statement(cfg: Config) -> str:
    """MMEngine's text; the formatter that it calls gets what it has not had lately."""
    # MMEngine looks the function up at each call.
    yapf_api: Any = import_module('yapf.yapflib.yapf_api')

    def format_parts(text: str, **settings: Any) -> tuple[str, bool]:
        style = tuple(sorted(settings.pop('style_config').items()))
        options = tuple(sorted(settings.items()))
        return ''.join(_statement(format_code, part, style, options) for part in _statements(text)), True

    format_code = yapf_api.FormatCode
    yapf_api.FormatCode = format_parts
    try:
        return _formatting.fget(cfg)
    finally:
        yapf_api.FormatCode = format_code


@functools.lru_cache(STATEMENTS)
def _statement(format_code: Callable[..., tuple[str, bool]], text: str, style: tuple, options: tuple) -> str:
    return format_code(text, style_config=dict(style), **dict(options))[0]


def _statements(text: str) -> Iterator[str]:
    """The settings at the top of a config, each on lines of its own."""
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        yield ''.join(lines[node.lineno - 1 : node.end_lineno])
