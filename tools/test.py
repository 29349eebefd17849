"""Evaluate a checkpoint on the test split, as the command does: cft test CONFIG CHECKPOINT [NAME=VALUE ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cft_cli.test import main

if __name__ == '__main__':
    main()
