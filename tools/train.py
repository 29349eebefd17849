"""Train any config, as the command does: cft train CONFIG [NAME=VALUE ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cft_cli.train import main

if __name__ == '__main__':
    main()
