"""``mmengine.fileio.load`` on files of data, which run nothing.

Annotations, proposals and lists of splits are read by the suffix of their name:
MMEngine unpickles ``.pkl`` and builds any Python object that a ``.yaml`` asks for.
"""

import pickle
import traceback
from typing import Any, BinaryIO, TextIO

import yaml
from mmengine.config import Config
from mmengine.fileio import load, register_handler
from mmengine.fileio.handlers import PickleHandler, YamlHandler

from cft.checkpoints.read import read_plain_pickle
from cft.errors import ConfigError

# Functions of MMEngine that know the name of a file whose content alone they hand on, and where they keep it.
NAMED_BY = {load.__code__: 'file', Config._file2dict.__code__: 'filename'}


class PlainYamlLoader(getattr(yaml, 'CSafeLoader', yaml.SafeLoader)):  # type: ignore[misc]  # with or without libyaml
    """Numbers, text, lists and dicts; and tuples, which MMEngine writes into configs."""


def _tuple(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> tuple:
    return tuple(loader.construct_sequence(node, deep=True))


PlainYamlLoader.add_constructor('tag:yaml.org,2002:python/tuple', _tuple)


class PlainYamlHandler(YamlHandler):
    """Reads YAML of plain values; writes as MMEngine does."""

    def load_from_fileobj(self, file: TextIO, **kwargs: object) -> Any:
        """Refuse whatever asks for a Python object, with one line that names the file."""
        try:
            return yaml.load(file, PlainYamlLoader)
        except yaml.YAMLError as error:
            raise _refused(error, 'YAML') from error


class PlainPickleHandler(PickleHandler):
    """Reads pickles of plain containers, numbers, text and NumPy arrays; writes as MMEngine does."""

    def load_from_fileobj(self, file: BinaryIO, **kwargs: object) -> Any:
        """Refuse whatever asks for another class or function, with one line that names the file."""
        try:
            return read_plain_pickle(file)
        except Exception as error:
            # What is no pickle can look like any instructions.
            raise _refused(error, 'pickle') from error


def _refused(error: Exception, kind: str) -> ConfigError:
    reason = ' '.join(str(error).split()) or type(error).__name__
    unsafe = isinstance(error, yaml.constructor.ConstructorError | pickle.UnpicklingError)
    remedy = 'which could run code; write plain values, best as JSON' if unsafe else 'repair it, or write it as JSON'
    return ConfigError(f'{_name_of_file()} is no {kind} of plain values ({reason}), {remedy}')


def _name_of_file() -> str:
    name = 'the file'
    for frame, _ in traceback.walk_stack(None):
        if frame.f_code in NAMED_BY:
            name = str(frame.f_locals[NAMED_BY[frame.f_code]])
            if frame.f_code is not load.__code__:
                # A config is read from a copy of it.
                break
    return name


def register_plain_handlers() -> None:
    """Take the place of MMEngine's handlers of YAML and pickles."""
    register_handler(['yaml', 'yml'])(PlainYamlHandler)
    register_handler(['pickle', 'pkl'])(PlainPickleHandler)
