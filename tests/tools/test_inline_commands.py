"""What a sentence of a README names in inline code exists: tools and their options, commands, configs, cells, keys."""

import functools
import re
import shlex

import pytest
from mmengine.config import Config

from cft.apis import list_configs
from cft.apis.tables.reading import list_tables, read_table
from cft.engine.schedule_length import check_schedule
from cft.registry import MODELS
from cft_cli import COMMANDS
from tests.support.command_line import ROOT
from tests.tools.test_documented_options import README_FILES, build_head, parsed

PLACES = ('model', 'train_cfg', 'param_scheduler', 'optim_wrapper', 'default_hooks', 'train_dataloader')
OVERRIDE = re.compile(rf'(?:--cfg-options )?"?(?:{"|".join(PLACES)})(?:\.\w+)+=')
# Where a README is not that of a method's configs.
ANY_METHOD = (
    'coretuning/folder',
    'coretuning/r50_cifar10',
    'sce/r50_imagenet100',
    'coretuning/r50_voc_seg',
    'ce/folder',
)


def inline_code() -> list[tuple[str, str]]:
    """README and text of all code within sentences, without the commands that stand alone."""
    found = []
    for readme in README_FILES:
        text = re.sub(r'^```.*?^```', '', readme.read_text(), flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r'^ {4}.*$', '', text, flags=re.MULTILINE)
        found += [(str(readme.relative_to(ROOT)), code) for code in re.findall(r'`([^`\n]+)`', text)]
    return list(dict.fromkeys(found))


CODE = inline_code()
TOOLS = [entry for entry in CODE if re.match(r'((bash|python) )?tools/\w[\w/]*\.(py|sh)\b', entry[1])]
COMMAND = [entry for entry in CODE if re.match(r'cft [a-z]', entry[1])]
OVERRIDES = [entry for entry in CODE if OVERRIDE.match(entry[1]) and '...' not in entry[1]]


def test_there_are_some() -> None:
    assert len(TOOLS) > 20 and len(COMMAND) > 100 and len(OVERRIDES) > 40


def expanded(word: str) -> list[str]:
    """A shell's {a,b} as the words that it stands for."""
    found = re.search(r'\{([^{}]*,[^{}]*)\}', word)
    return [word] if found is None else [word[: found.start()] + x + word[found.end() :] for x in found[1].split(',')]


@pytest.mark.parametrize(('readme', 'code'), TOOLS)
def test_tools(readme: str, code: str) -> None:
    words = [path for word in shlex.split(code) for path in expanded(word)]
    tool = ROOT / next(word for word in words if word.startswith('tools/'))
    sources = [tool, *(ROOT / 'cft_cli').glob('*.py'), *tool.parent.glob(f'{tool.stem}*.py')]
    text = ''.join(source.read_text() for source in sources)
    for word in words:
        assert not word.startswith('configs/') or (ROOT / word).is_file(), word
        assert not word.startswith('--') or re.search(rf'{word}\b', text) or word == '--help', word


@functools.cache
def rows_of(table: str) -> tuple[str, ...]:
    return tuple(read_table(table).rows)


@pytest.mark.parametrize(('readme', 'code'), COMMAND)
def test_commands(readme: str, code: str) -> None:
    _, command, *words = shlex.split(code)
    assert command in COMMANDS
    source = (ROOT / 'cft_cli' / f'{"import_labels" if command == "import" else command}.py').read_text()
    source += (ROOT / 'cft_cli' / 'options.py').read_text()
    for word in words:
        assert not word.startswith('--') or word in source, word
    if command == 'table':
        names = [word for word in words[1:] if '/' in word]
        assert set(names) <= set(list_tables())
        cells = words[words.index('--cells') + 1 :] if '--cells' in words else []
        for name in names:
            assert set(cells) <= set(rows_of(name)), cells
        return
    for word in words:
        assert not re.fullmatch(r'[a-z]\w*/\w+', word) or word in list_configs(), word


def configs_of(readme: str) -> list[str]:
    """Those that a README's options may be meant for."""
    method = readme.split('/')[1] if readme.startswith('configs/') else ''
    names = list_configs(f'{method}/*') if method else []
    return sorted(names, key=lambda name: ('coretuning' not in name, 'r50' not in name, name)) or list(ANY_METHOD)


def build_part(cfg: Config, options: tuple[str, ...]) -> None:
    """What the options reach: the head alone of a pre-training, the head of a classifier, or the model."""
    head = cfg.model.get('head') or {}
    if all(option.startswith('model.head.') for option in options) and not str(head.get('type')).endswith('Head'):
        MODELS.build(head)
    elif any(option.startswith('model') for option in options):
        build_head(cfg)


@pytest.mark.parametrize(('readme', 'code'), [entry for entry in OVERRIDES if not entry[0].startswith('projects/')])
def test_overrides(readme: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config of the method takes them, a schedule ends with the training, and the parts that they reach are built."""
    options = tuple(shlex.split(code.removeprefix('--cfg-options ')))
    refused = {}
    for config in configs_of(readme):
        try:
            cfg = parsed(config, options, monkeypatch)
            check_schedule(cfg)
            build_part(cfg, options)
        except Exception as error:
            refused[config] = f'{type(error).__name__}: {error}'
            continue
        return
    pytest.fail(f'no config takes {code}: {refused}')
