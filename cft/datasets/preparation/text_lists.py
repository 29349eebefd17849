"""Lists that people write with whatever editor they have."""

import codecs
from pathlib import Path

from cft.errors import ConfigError

# The longer marks first: that of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: 'utf-8',
    codecs.BOM_UTF32_LE: 'utf-32-le',
    codecs.BOM_UTF32_BE: 'utf-32-be',
    codecs.BOM_UTF16_LE: 'utf-16-le',
    codecs.BOM_UTF16_BE: 'utf-16-be',
}


def read_lines(path: str | Path) -> list[str]:
    r"""Lines of a text file, without blanks around them and without empty ones.

    The byte-order mark, if there is one, tells UTF-8, UTF-16 or UTF-32; without
    it the text is UTF-8. Lines end as on Linux, Windows or old Macs.

    Args:
        path: Of the file.

    Raises:
        ConfigError: If the file is no text of these.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), 'train.txt')
        >>> _ = path.write_bytes('\ufeffrose 1\r\n\r\nrose 2\r\n'.encode('utf-16-le'))
        >>> read_lines(path)
        ['rose 1', 'rose 2']
    """
    text = decode_marked(Path(path).read_bytes())
    if text is None or '\0' in text:
        raise ConfigError(f'{path} is no UTF-8 text; save it as one, or with a byte-order mark as UTF-16')
    lines = (line.strip() for line in text.replace('\r', '\n').split('\n'))
    return [line for line in lines if line]


def decode_marked(content: bytes) -> str | None:
    """Text in the encoding that its byte-order mark tells, UTF-8 without one; None if it is no such text."""
    mark = next((mark for mark in MARKS if content.startswith(mark)), b'')
    try:
        return content[len(mark) :].decode(MARKS.get(mark, 'utf-8'))
    except UnicodeDecodeError:
        return None
