#!/usr/bin/env bash
# From nothing to a compared table on real images: bash tools/quickstart.sh [--short | --all] [--without METHOD ...] [--draws N]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
prepare_environment
exec "$PYTHON" "$ROOT/tools/quickstart.py" "$@"
