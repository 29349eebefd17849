"""What the tools share with the ``cft`` command, found from any directory and in a checkout that is not installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cft_cli.errors import readable_errors
from cft_cli.options import add_common_arguments, add_executor, at_least, read_config
from cft_cli.series_log import series_log

__all__ = ['add_common_arguments', 'add_executor', 'at_least', 'read_config', 'readable_errors', 'series_log']
