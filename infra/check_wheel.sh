#!/usr/bin/env bash
# Build the wheel and run it from a clean environment, away from the checkout, on a folder that can't be written.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
python=$root/.venv/bin/python
git -C "$root" archive --format=tar HEAD | tar -x -C "$(mkdir -p "$work/tree" && echo "$work/tree")"
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$work" "$work/tree"
"$python" -m venv "$work/venv"
"$root/.venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" --require-hashes -r "$root/requirements.lock"
"$root/.venv/bin/uv" pip install --quiet --python "$work/venv/bin/python" --no-deps "$work"/entrepot-*.whl
chmod -R a-w "$work"/venv/lib/python3.11/site-packages/{transforms,expectations,orchestration,dbt_project}
cd "$work"
export ENTREPOT_HOME="$work/warehouse"
"$work/venv/bin/entrepot" --version
"$work/venv/bin/entrepot" demo --quiet
"$work/venv/bin/entrepot" verify
echo "wheel: installed in a clean environment, demo published and verified"
