"""Say what a checkpoint holds, as the command does: cft inspect FILE."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cft_cli.inspect import main

if __name__ == '__main__':
    main()
