#!/usr/bin/env bash
# The tests: bash tools/run_tests.sh [pytest arguments]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
prepare_environment tests
cd "$ROOT"
[ $# -gt 0 ] || set -- tests
exec "$PYTHON" -m pytest "$@"
