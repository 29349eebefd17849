"""The text of a config is MMEngine's, formatted once for each content."""

import pytest
from mmengine.config import Config
from yapf.yapflib import yapf_api

from cft.apis import load_config
from cft.compat import config_text


@pytest.fixture
def formatted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts that yapf was given."""
    texts = []
    original = yapf_api.FormatCode

    def counting(text: str, **arguments: object) -> tuple[str, bool]:
        texts.append(text)
        return original(text, **arguments)

    monkeypatch.setattr(yapf_api, 'FormatCode', counting)
    config_text._texts.clear()
    config_text._statement.cache_clear()
    return texts


def example() -> Config:
    return Config(dict(model=dict(type='A', sizes=(1, 2)), name="it's", hooks=[dict(type='B', rate=0.1)]))


@pytest.mark.parametrize(
    'name', ['', 'quickstart/coretuning_digits', 'hexa/moco_r50_imagenet', 'sce/r50_imagenet_linear']
)
def test_the_text_is_mmengines_own(name: str) -> None:
    """Nested calls, mappings, long lists and texts of several lines."""
    cfg = load_config(name) if name else example()
    assert cfg.pretty_text == config_text._formatting.fget(cfg)
    odd = Config({'c': {1: 'x\ny', 'd-e': [dict(f=(1,)), [2, (3, 'g')]]}})
    assert odd.pretty_text == config_text._formatting.fget(odd)


def test_formatted_once(formatted: list[str]) -> None:
    cfg = example()
    assert cfg.pretty_text == cfg.pretty_text == example().pretty_text
    assert len(formatted) == len(cfg)


def test_of_another_config_what_differs_is_formatted(formatted: list[str]) -> None:
    cfg = example()
    before = cfg.pretty_text
    formatted.clear()
    cfg.name = 'another'
    assert cfg.pretty_text == before.replace('"it\'s"', "'another'")
    assert formatted == ["name='another'"]


def test_a_changed_value_changes_the_text(formatted: list[str]) -> None:
    cfg = example()
    before = cfg.pretty_text
    cfg.model.sizes = [1, 2]
    assert cfg.pretty_text == config_text._formatting.fget(cfg) != before
    cfg.model.sizes = (1, 2)
    assert cfg.pretty_text == before


def test_unformatted_text_stays_so(formatted: list[str]) -> None:
    plain = Config(dict(a=dict(b=1)), format_python_code=False)
    text = plain.pretty_text
    assert not formatted and text != Config(dict(a=dict(b=1))).pretty_text


def test_memory_is_bounded(formatted: list[str]) -> None:
    for number in range(3 * config_text.CONTENTS):
        assert Config(dict(number=number)).pretty_text == f'number = {number}\n'
    assert len(config_text._texts) == config_text.CONTENTS
