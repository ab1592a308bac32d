"""`python -m local` is the `vibeboard` command."""

from local.cli import main

main()
