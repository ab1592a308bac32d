"""Put the reference corpus into OpenSearch as it is now: `make reindex`, with SEARCH_URL and EMBEDDINGS set.

Makes the index when it is missing, replaces every entry, takes out entries that left. Prints what was done as JSON.
"""

import json
import sys

from vibeboard.domain.errors import VibeBoardError
from vibeboard.providers import settings
from vibeboard.providers.references.opensearch import index

WAKE_SECONDS = 60  # a sleeping collection needs 10 to 30 s for its first answer


def main() -> int:
    if not settings.get("SEARCH_URL"):
        sys.stderr.write("SEARCH_URL is not set: there is no index to fill\n")
        return 2
    try:
        sys.stdout.write(json.dumps(index(timeout=WAKE_SECONDS, max_retries=2).reindex()) + "\n")
    except VibeBoardError as fault:
        sys.stderr.write(f"{fault.detail} {fault.fix}\n")
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main())
