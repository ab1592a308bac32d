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
| ANTHROPIC_API_KEY | Anthropic's key (value or ARN): outlines are written by Claude |
| ANTHROPIC_URL, WRITER_MODEL | Anthropic's host; the model that writes outlines |
| MINIMAX_API_KEY | MiniMax's key (value or ARN): breakdowns are written by MiniMax |
| MINIMAX_URL, BREAKDOWN_MODEL | MiniMax's Anthropic-compatible host; the model that writes breakdowns |
| EMBEDDINGS | sandbox (MiniLM in this process), openai or bedrock: who turns text into vectors |
| OPENAI_API_KEY, OPENAI_URL | OpenAI's key (value or ARN) and host, for EMBEDDINGS=openai |
| BEDROCK_URL | Bedrock's runtime host, for EMBEDDINGS=bedrock; empty for the region's own |
| SEARCH_URL | the OpenSearch collection or domain that holds the references; empty: exact search in this process |
| SEARCH_SERVICE | aoss (serverless collection) or es (managed domain): decides signing and ids |
| SEARCH_INDEX | name of the index in it |
| YOUTUBE_CLIENT_ID, YOUTUBE_CLIENT_SECRET, YOUTUBE_REFRESH_TOKEN | the channel films are published to (value or ARN) |
| YOUTUBE_URL, YOUTUBE_TOKEN_URL | YouTube's and Google's hosts |
| C2PA_KMS_KEY, C2PA_CERTIFICATES | who signs content credentials (credentials/identity.py) |
| HERO_MODEL | the model of photorealistic hero frames, in place of the withdrawn google/imagen-4 |
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
    "ANTHROPIC_URL": "https://api.anthropic.com",
    "WRITER_MODEL": "claude-sonnet-5-5",
    "MINIMAX_URL": "https://api.minimax.io/anthropic",
    "BREAKDOWN_MODEL": "MiniMax-M2.1",
    "EMBEDDINGS": "sandbox",
    "OPENAI_URL": "https://api.openai.com/v1",
    "SEARCH_SERVICE": "aoss",
    "SEARCH_INDEX": "vibeboard-references",
    "YOUTUBE_URL": "https://www.googleapis.com",
    "YOUTUBE_TOKEN_URL": "https://oauth2.googleapis.com/token",
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
