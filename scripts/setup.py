"""Sets up .venv with Python 3.13 and the packages of requirements.lock. Runs on any python3; needs nothing but pip.

Python 3.13 is looked for on PATH and under pyenv; when there is none, the `uv` package is asked to bring one.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, "requirements.lock")
WANTED = "3.13"
ENVIRONMENT_EXIT = 8


def is_wanted(python):
    try:
        out = subprocess.run(
            [python, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )
    except OSError:
        return False
    return out.returncode == 0 and out.stdout.decode().strip() == WANTED


def candidates():
    yield sys.executable
    for name in ("python" + WANTED, "python3", "python"):
        found = shutil.which(name)
        if found:
            yield found
    roots = [os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv"), "/opt/pyenv", "/usr/local"]
    for root in filter(None, roots):
        for found in sorted(glob.glob(os.path.join(root, "versions", WANTED + "*", "bin", "python" + WANTED))):
            yield found
        yield os.path.join(root, "bin", "python" + WANTED)


def brought_by_uv():
    """A Python from uv's own builds, for machines without one. Returns its path or None."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = os.path.join(folder, "bin", "python")
        uv = os.path.join(folder, "bin", "uv")
        if subprocess.run([python, "-m", "pip", "install", "-q", "uv"]).returncode:
            return None
        if subprocess.run([uv, "python", "install", WANTED]).returncode:
            return None
        found = subprocess.run([uv, "python", "find", WANTED], stdout=subprocess.PIPE)
        return found.stdout.decode().strip() or None


def find_python():
    for python in candidates():
        if is_wanted(python):
            return python
    print("No Python %s on this machine; asking uv for one" % WANTED, file=sys.stderr)
    python = brought_by_uv()
    if python and is_wanted(python):
        return python
    print(
        "setup: Python %s is needed and was not found.\n"
        "  why: the functions run on it, and so does the local AWS\n"
        "  fix: install it (for example `pyenv install %s`, with the venv module) and run make again"
        % (WANTED, WANTED),
        file=sys.stderr,
    )
    sys.exit(ENVIRONMENT_EXIT)


def main():
    started = time.time()
    python = os.path.join(VENV, "bin", "python")
    if not is_wanted(python):
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([find_python(), "-m", "venv", VENV], check=True, cwd=ROOT)
    print("Installing the packages of requirements.lock (about a minute the first time)", file=sys.stderr)
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    done = subprocess.run([*pip, "--prefer-binary", "-r", LOCK], cwd=ROOT)
    if done.returncode:
        print("setup: the packages could not be installed; pip says why above", file=sys.stderr)
        sys.exit(ENVIRONMENT_EXIT)
    with open(os.path.join(VENV, "installed"), "w") as mark:
        mark.write("requirements.lock\n")
    print("Set up in %.0f s" % (time.time() - started), file=sys.stderr)


if __name__ == "__main__":
    main()
