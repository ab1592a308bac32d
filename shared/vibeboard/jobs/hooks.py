"""Webhook addresses: they carry job and submission attempt under our signature, so a lost answer is still matched."""

import hashlib
import hmac

from vibeboard.providers import settings
from vibeboard.store.table import Item


def signature(provider: str, job_id: str, attempt: int) -> str:
    """Hex HMAC-SHA256 of what the address names. Raises settings.NotSet."""
    message = f"{provider}\n{job_id}\n{attempt}".encode()
    return hmac.new(settings.secret("WEBHOOK_SECRET").encode(), message, hashlib.sha256).hexdigest()


def address(job: Item) -> str:
    """Where the provider is to report this submission of the job."""
    provider, job_id, attempt = job["provider"], job["jobId"], job["fence"]
    tail = f"{provider}/{job_id}/{attempt}/{signature(provider, job_id, attempt)}"
    return f"{settings.get('PUBLIC_URL')}/api/webhooks/{tail}"


def is_ours(provider: str, job_id: str, attempt: int, given: str) -> bool:
    """Whether an address was made by us; compared in constant time."""
    return hmac.compare_digest(signature(provider, job_id, attempt).encode(), given.encode())
