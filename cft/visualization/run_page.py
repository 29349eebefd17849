"""The page of one run, and its figures."""

from pathlib import Path

from .blocks import Panel, panels_in
from .page import write_page
from .run_sections import SECTIONS, classes_section, curves_section, data_section, features_panels
from .run_view import RunView


def write_run(path: Path, view: RunView) -> Path:
    """Write the page of a run.

    Args:
        path: The HTML file.
        view: What is known of the run; sections without anything to show are left out.

    Example:
        >>> write_run(Path('work_dirs/flowers/report.html'), view)  # doctest: +SKIP
    """
    record, evaluation = view.record, view.evaluation
    task = f'{evaluation.task}, ' if evaluation else ''
    lead = f'{task}{record.config}, seed {record.seed}'
    return write_page(path, record.name, lead[0].upper() + lead[1:], [section(view) for section in SECTIONS])


def run_panels(view: RunView) -> list[Panel]:
    """The figures of a page, without the page."""
    sections = (curves_section(view), classes_section(view), data_section(view))
    return [*(panel for section in sections for panel in panels_in(section.blocks)), *features_panels(view)]
