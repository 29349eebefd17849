# Sourced by the launch scripts: $PYTHON is the interpreter of the active environment, else of the
# one that quickstart.sh or run_tests.sh made, else python3.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    for environment in "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}" "${CFT_VENV:-}" "$ROOT/.venv"; do
        if [ -n "$environment" ] && [ -x "$environment/bin/python" ]; then
            PYTHON=$environment/bin/python
            break
        fi
    done
fi
