#!/usr/bin/env bash
# The tests: bash tools/run_tests.sh [pytest arguments]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
prepare_environment tests
cd "$ROOT"
# Two or more cores: a file of tests on each.
[ $# -gt 0 ] || set -- tests -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
exec "$PYTHON" -m pytest "$@"
