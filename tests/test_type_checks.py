"""The type checker is not silenced: few exceptions, each with its code and reason, and no relaxed module."""

import configparser
import re
from pathlib import Path

from tests.support.command_line import ROOT

MOST_EXCEPTIONS = 20
# Of libraries without types of their own; anything else below a module's name would relax our own checks.
FOR_LIBRARIES = {'ignore_missing_imports'}


def exceptions() -> dict[str, str]:
    """What follows ``type:`` in each line that tells the checker to ignore it, by place."""
    found = {}
    for path in sorted(path for room in ('cft', 'cft_cli') for path in Path(ROOT, room).rglob('*.py')):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if '# type: ignore' in line:
                found[f'{path.name}:{number}'] = line.partition('# type: ')[2]
    return found


def test_exceptions_are_few_and_say_why() -> None:
    bare = {place: text for place, text in exceptions().items() if not re.fullmatch(r'ignore\[[a-z-]+\]  # \w.+', text)}
    assert not bare
    assert len(exceptions()) <= MOST_EXCEPTIONS


def test_no_module_is_relaxed() -> None:
    settings = configparser.ConfigParser()
    settings.read(Path(ROOT, 'mypy.ini'))
    for section in settings.sections():
        assert 'ignore_errors' not in settings[section]
        if section != 'mypy':
            assert set(settings[section]) == FOR_LIBRARIES and 'cft' not in section
    assert settings['mypy'].getboolean('strict')
