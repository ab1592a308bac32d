#!/bin/sh
# The SAM CLI in an environment of its own (its pins are not ours): scripts/sam.sh build --exclude MediaFunction
set -eu
cd "$(dirname "$0")/.."
done=.venv-sam/installed
if [ ! -e "$done" ] || [ -n "$(find requirements-sam.lock -newer "$done")" ]; then
    rm -rf .venv-sam
    .venv/bin/python -m venv .venv-sam
    .venv-sam/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-sam.lock
    touch "$done"
fi
# The build wants a python3.13 with pip on the path; the environment's own is one wherever it stands.
PATH="$PWD/.venv-sam/bin:$PATH"
SAM_CLI_TELEMETRY=0
export PATH SAM_CLI_TELEMETRY
exec .venv-sam/bin/sam "$@"
