#!/usr/bin/env bash
# The tests: bash tools/run_tests.sh [--slow] [pytest arguments]
# --slow runs those that take long, too; with other arguments only what they name.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
prepare_environment tests
cd "$ROOT"
# Two or more cores: a file of tests on each.
if [ $# = 0 ] || [ "$*" = --slow ]; then
    set -- tests "$@" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
fi
exec "$PYTHON" -m pytest "$@"
