"""Tables, figures and the report that show a comparison of methods."""

from .curves import pretraining_figure, training_figure
from .figures import accuracy_figure, difference_figure, embedding_figure
from .report import write_report
from .style import method_colors
from .table import format_table, markdown_table, table_cells

__all__ = [
    'accuracy_figure',
    'difference_figure',
    'embedding_figure',
    'format_table',
    'markdown_table',
    'method_colors',
    'pretraining_figure',
    'table_cells',
    'training_figure',
    'write_report',
]
