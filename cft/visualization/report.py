"""The report of a comparison: one HTML file that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from cft.evaluation.conclusions import FEWEST_DRAWS, findings
from cft.evaluation.paired import MethodSummary, baseline_of, summarise

from .curves import pretraining_figure, training_figure
from .figures import accuracy_figure, difference_figure, embedding_figure
from .page import bullets, element, image, page, percent_bars, table
from .table import table_cells

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


def write_report(results: Mapping[str, Any], folder: str | Path) -> Path:
    """Write ``report.html`` and, for other uses, its figures as PNG files into ``figures/``.

    Args:
        results: Outcome of a comparison: ``title``, ``command``, ``created``,
            ``versions``, ``data``, ``baseline``, ``knn``, ``methods``,
            ``runs``, ``pretraining`` and, if there are any, ``embeddings``.
            Accuracies are per cent of the test images, times are seconds.
        folder: Where to write; made if absent.

    Returns:
        Path of ``report.html``.

    Raises:
        ValueError: If the runs cannot be paired (:func:`cft.evaluation.summarise`)
            or a curve is not complete.

    Example:
        >>> write_report(json.loads(Path('results.json').read_text()), 'work_dirs/quickstart')  # doctest: +SKIP
    """
    summaries = summarise(results['runs'], results['methods'], results['baseline'])
    figures = Path(folder) / 'figures'
    figures.mkdir(parents=True, exist_ok=True)
    images = []
    for panel in report_panels(results, summaries):
        path = figures / f'{panel.name}.png'
        panel.figure.savefig(path)
        images.append(image(path.read_bytes(), panel.title, panel.caption))
    versions = ', '.join(f'{name} {version}' for name, version in results['versions'].items())
    body = [
        element('h1', results['title']),
        element('p', results['data']),
        element('pre', results['command']),
        element('p', f'Created {results["created"]} with {versions}.', 'quiet'),
        element('h2', 'Result'),
        _result_table(summaries),
        element('p', _table_note(summaries), 'quiet'),
        element('h2', 'What holds and what does not'),
        bullets(findings(summaries, results['knn'])),
        element('h2', 'Are the pre-trained features good?'),
        _neighbours(results['knn']),
        element('h2', 'Figures'),
        *images,
    ]
    path = Path(folder) / 'report.html'
    path.write_text(page(results['title'], body), encoding='utf-8')
    return path


def _result_table(summaries: Sequence[MethodSummary]) -> str:
    base = baseline_of(summaries)
    header, rows = table_cells(summaries)
    few = base.draws < FEWEST_DRAWS
    verdicts = ['too few draws' if few and summary is not base else summary.verdict for summary in summaries]
    rows = [[*cells, verdict] for cells, verdict in zip(rows, verdicts, strict=True)]
    header = [cell.replace(' ± ', '\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}') for cell in header]
    return table([*header, f'against {base.name}'], rows, [verdict.replace(' ', '-') for verdict in verdicts])


def _table_note(summaries: Sequence[MethodSummary]) -> str:
    base = baseline_of(summaries)
    return (
        f'Number of draws: {base.draws}. The spread (std) is over draws and holds the luck of the draw, which all '
        f'methods share. The difference to {base.name} is taken within each draw, and its standard error (s.e.) is '
        'what a comparison rests on. W/T: within-class over total scatter of the l2-normalised test features, '
        f'smaller is tighter. Time per step: median over draws of the ratio to {base.name}.'
    )


def _neighbours(knn: Mapping[str, float]) -> str:
    names = {'random': 'random encoder', 'pixels': 'raw pixels', 'pretrained': 'pre-trained encoder'}
    note = f'Accuracy of nearest neighbours (k = {knn["k"]}) on the test images, before any fine-tuning.'
    return percent_bars([(name, knn[key]) for key, name in names.items()]) + element('p', note, 'quiet')


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
