"""Reproduce a published table, as the command does: cft table {list,show,plan,run,collect} [TABLE]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cft_cli.table import main

if __name__ == '__main__':
    main()
