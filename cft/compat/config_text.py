"""The text of a config is formatted once for each content.

MMEngine formats it five times in a run of two steps, and again for every
checkpoint: 0.1 to 0.3 s each time for a short config.
"""

from mmengine.config import Config

CONTENTS = 16
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
        text = _formatting.fget(cfg)
        while len(_texts) >= CONTENTS:
            del _texts[next(iter(_texts))]
        _texts[content] = text
    return _texts[content]
