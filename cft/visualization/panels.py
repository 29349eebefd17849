"""Which figures the report shows, and what their captions say."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from cft.evaluation.paired import MethodSummary, baseline_of

from .curves import pretraining_figure, training_figure
from .figures import accuracy_figure, difference_figure, embedding_figure

_DRAWS = 'Bars and numbers: mean over draws. Dots: the draws, in the same order in every bar.'
_DEVIATION = ' Lines: ± one standard deviation over draws.'
_ZOOM = ' The axis does not start at 0: compare the numbers, not the areas.'

_PAIRS = 'Small dots: one draw each. Large dot: their mean.'
_ERRORS = (
    ' Thick line: ± one standard error; thin line: ± two. '
    'Where the thin line crosses 0, the draws do not tell the two apart.'
)

_COURSE = 'Mean over draws. Accuracy is on validation images; at the right zoomed to where it ends.'
_BAND = ' Band: ± one standard error.'
_LOSSES = (
    ' Contrastive losses of different methods have different scales: compare their course, not their level. '
    'A line is missing where a stage does not compute that loss.'
)

_PRETRAINING = 'Loss on the training batches. Its targets move with the encoder, so its level is no measure of quality.'

_EMBEDDINGS = (
    'One point per image, coloured by class; the number is the class and stands at its median. '
    'The axes of t-SNE have no unit, and sizes and distances of clusters cannot be compared across panels.'
)


class Panel(NamedTuple):
    """A figure of the report; ``name`` is its file name without the suffix."""

    name: str
    title: str
    caption: str
    figure: Figure


def report_panels(results: Mapping[str, Any], summaries: Sequence[MethodSummary]) -> list[Panel]:
    """Draw every figure that the results allow.

    Args:
        results: As for :func:`cft.visualization.write_report`.
        summaries: From :func:`cft.evaluation.summarise` of ``results['runs']``.

    Returns:
        Panels in the order to show. Paired differences need a second method,
        the embeddings need ``results['embeddings']``.
    """
    runs = results['runs']
    base = baseline_of(summaries)
    several = base.draws > 1
    caption = _DRAWS + _DEVIATION * several + _ZOOM
    panels = [Panel('accuracy', 'Test accuracy', caption, accuracy_figure(runs, summaries))]
    if len(summaries) > 1:
        title, caption = f'Paired difference to {base.name}', _PAIRS + _ERRORS * several
        panels.append(Panel('differences', title, caption, difference_figure(runs, summaries)))
    caption = _COURSE + _BAND * several + _LOSSES
    panels.append(Panel('training', 'Fine-tuning', caption, training_figure(runs, summaries)))
    figure = pretraining_figure(results['pretraining'])
    panels.append(Panel('pretraining', 'Self-supervised pre-training', _PRETRAINING, figure))
    if 'embeddings' in results:
        figure = embedding_figure(results['embeddings'])
        panels.append(Panel('embeddings', 'Features of the test images (t-SNE)', _EMBEDDINGS, figure))
    return panels
