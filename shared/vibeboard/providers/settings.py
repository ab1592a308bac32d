"""Where the vendors are and how we sign: every value from the environment, secrets by value or by Secrets Manager ARN.

| setting | meaning |
|---|---|
| BILLING | sandbox (our own engines at list prices, nothing charged) or live |
| FAL_KEY | fal's key, or the ARN of the secret that holds it |
| FAL_USER_ID | our own fal user id: webhooks of other customers are signed by the same keys |
| FAL_QUEUE_URL, FAL_API_URL, FAL_JWKS_URL | fal's hosts |
| RUNPOD_API_KEY | RunPod's key, or the ARN of its secret |
| RUNPOD_ENDPOINT | id of the serverless endpoint that runs our GPU worker |
| RUNPOD_URL | RunPod's host |
| WEBHOOK_SECRET | signs the webhook addresses (value or ARN) |
| PUBLIC_URL | how the world reaches our API |
| TRUSTED_OUTPUT_ORIGINS | origins outputs may come from past the address guard: one's own machine |
"""

import os

from vibeboard.domain.errors import VibeBoardError

DEFAULTS = {
    "FAL_QUEUE_URL": "https://queue.fal.run",
    "FAL_API_URL": "https://api.fal.ai/v1",
    "FAL_JWKS_URL": "https://rest.fal.ai/.well-known/jwks.json",
    "RUNPOD_URL": "https://api.runpod.ai/v2",
}
SECRET_AGE_SECONDS = 900  # a rotated secret is in use after this


class NotSet(VibeBoardError):
    """A setting that the work at hand needs is missing: nothing was sent anywhere."""

    status, code, title = 503, "SETTING_MISSING", "The deployment is not set up for this"


def get(name: str) -> str:
    """A setting, "" when it is not set. URLs come without a slash at the end."""
    return (os.environ.get(name) or DEFAULTS.get(name, "")).rstrip("/")


def secret(name: str) -> str:
    """A secret, fetched when the setting is an ARN. Raises NotSet."""
    value = os.environ.get(name, "")
    if value.startswith("arn:"):
        from aws_lambda_powertools.utilities import parameters

        value = str(parameters.get_secret(value, max_age=SECRET_AGE_SECONDS))
    if not value:
        raise NotSet(f"{name} is not set", fix=f"Set {name} and order again.")
    return value
