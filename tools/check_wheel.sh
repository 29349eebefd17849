#!/usr/bin/env bash
# The wheel without the checkout: bash tools/check_wheel.sh
#
# Builds it, installs it with the pinned set into an empty environment in a temporary folder, and from another directory
# lists its configs, trains one of them for a few steps, tests, inspects and reports it. Takes about five minutes
# and 6 GB, which it frees.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup_env.sh"
unset PYTHONPATH CFT_CONSTRAINTS
find_constraints
BASE=$(find_python)
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
VENV=$DIR/venv
INSTALL_START=$SECONDS
mkdir "$DIR/source" "$DIR/elsewhere"
# Left in the checkout, a folder "build" would hand its old files on to the next wheel.
cp -r "$ROOT"/{cft,cft_cli,configs,tools,setup.py,README.md,LICENSE} "$DIR/source"
"$BASE" -m venv "$VENV"
"$VENV/bin/python" -m pip wheel -q --no-deps -w "$DIR/wheel" "$DIR/source"
WHEEL=$(ls "$DIR"/wheel/*.whl)
echo "$(basename "$WHEEL"): $(du -k "$WHEEL" | cut -f 1) KB"
# mmcv apart, as a cached wheel of it may hold compiled operators; the rest comes from pip's cache where it is there.
pip_install --no-cache-dir --no-deps -c "$CONSTRAINTS" onedl-mmcv
pip_install -c "$CONSTRAINTS" "$WHEEL"
keep_opencv_headless
echo "installed into an empty environment in $((SECONDS - INSTALL_START)) s"

cd "$DIR/elsewhere"
PATH=$VENV/bin:$PATH
cft --version
cft configs 'quickstart/ce_*'
cft train quickstart/ce_digits train_cfg.max_iters=20 train_cfg.val_interval=20 default_hooks.checkpoint.interval=20
cft inspect work_dirs/quickstart/ce_digits/iter_20.pth
cft test work_dirs/quickstart/ce_digits work_dirs/quickstart/ce_digits/iter_20.pth --out metrics.json
cat metrics.json
echo
cft report work_dirs/quickstart/ce_digits
echo "the wheel works by itself: $((SECONDS - INSTALL_START)) s"
