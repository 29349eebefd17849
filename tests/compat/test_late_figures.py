"""Visualizers draw as before, with a figure that is made when it is needed."""

from collections.abc import Iterator

import numpy as np
import pytest
from mmengine.registry import VISUALIZERS
from mmengine.visualization import Visualizer
from mmpretrain.visualization import UniversalVisualizer

from cft.compat import late_figures


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict]]:
    """Settings of the figures that were made."""
    figures: list[dict] = []
    initialise = Visualizer._initialize_fig

    def counting(self: Visualizer, fig_cfg: dict) -> tuple:
        figures.append(fig_cfg)
        return initialise(self, fig_cfg)

    monkeypatch.setattr(Visualizer, '_initialize_fig', counting)
    return figures


def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)


def drawn(visualizer: Visualizer) -> np.ndarray:
    visualizer.set_image(image())
    visualizer.draw_bboxes(np.array([[2, 3, 20, 15]]))
    return visualizer.get_image()


def test_no_figure_before_something_is_drawn(made: list[dict]) -> None:
    visualizer = Visualizer(name='later', fig_save_cfg=dict(frameon=False, dpi=50))
    assert made == []
    before = drawn(visualizer)
    assert made == [dict(frameon=False, dpi=50)] and visualizer.dpi == 50
    drawn(visualizer)
    assert len(made) == 1
    assert before.shape == (20, 30, 3) and (before != image()).any()


def test_the_picture_is_that_of_a_figure_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    late = drawn(Visualizer(name='late'))
    monkeypatch.setattr(Visualizer, '__init__', Visualizer.__init__.__wrapped__)
    at_once = Visualizer(name='at once')
    assert vars(at_once)['fig_save'] is not None
    np.testing.assert_array_equal(drawn(at_once), late)


def test_an_image_at_the_start(made: list[dict]) -> None:
    visualizer = Visualizer(name='with image', image=image())
    assert visualizer.get_image().shape == image().shape
    assert len(made) == 1


def test_visualizers_of_other_libraries(made: list[dict]) -> None:
    visualizer = VISUALIZERS.build(dict(type='mmpretrain.UniversalVisualizer', name='classes'))
    assert isinstance(visualizer, UniversalVisualizer) and made == []
    assert drawn(visualizer).shape == image().shape


def test_each_has_its_own_figure() -> None:
    first, second = Visualizer(name='first'), Visualizer(name='second')
    assert first.fig_save is not second.fig_save and first.fig_save is first.fig_save


def test_what_was_never_initialised_has_none() -> None:
    with pytest.raises(AttributeError, match='fig_save'):
        _ = Visualizer.__new__(Visualizer).fig_save


def test_installed_once() -> None:
    before = Visualizer.__init__
    late_figures.make_figures_late()
    assert Visualizer.__init__ is before
