#!/usr/bin/env bash
# Style and types: bash tools/lint.sh; --fix mends what can be mended.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
prepare_environment tests,lint
cd "$ROOT"
if [ "${1:-}" = --fix ]; then
    "$PYTHON" -m ruff check --fix .
    "$PYTHON" -m ruff format .
else
    "$PYTHON" -m ruff check .
    "$PYTHON" -m ruff format --check .
fi
"$PYTHON" -m mypy
