"""fal's queue as it speaks on the wire: 202 while it runs, COMPLETED with `error` for a failure, signed webhooks."""

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes.server import Fake, Request, Response

KEY, USER = "id:secret", "user-1"
IMAGE_INPUTS = {"num_images", "seed", "output_format", "enable_safety_checker", "sync_mode"}
FLUX = IMAGE_INPUTS | {"prompt", "image_size", "num_inference_steps", "guidance_scale", "acceleration"}
QWEN = FLUX | {"image_urls", "negative_prompt"}
KONTEXT = (FLUX - {"image_size"}) | {"image_url", "resolution_mode", "enhance_prompt"}
INPUTS: dict[str, tuple[set[str], set[str]]] = {  # endpoint -> (all inputs, required ones)
    "fal-ai/flux/dev": (FLUX, {"prompt"}),
    "fal-ai/flux-lora": (FLUX | {"loras"}, {"prompt"}),
    "fal-ai/qwen-image-edit-2511": (QWEN, {"prompt", "image_urls"}),
    "fal-ai/qwen-image-edit-2511/lora": (QWEN | {"loras"}, {"prompt", "image_urls"}),
    "fal-ai/flux-kontext/dev": (KONTEXT, {"prompt", "image_url"}),
    "fal-ai/flux-kontext-lora": (KONTEXT | {"loras"}, {"prompt", "image_url"}),
    "fal-ai/ideogram/v2": (
        {"prompt", "negative_prompt", "aspect_ratio", "style", "expand_prompt", "seed", "sync_mode"},
        {"prompt"},
    ),
    **{
        f"fal-ai/{name}": (
            {"prompt", "aspect_ratio", "resolution", "num_images", "seed", "output_format", "safety_tolerance"},
            {"prompt"},
        )
        for name in ("nano-banana-pro", "nano-banana-2", "imagen4/preview")
    },
    "fal-ai/flux-lora-fast-training": (
        {
            "images_data_url",
            "trigger_word",
            "steps",
            "create_masks",
            "is_style",
            "data_archive_format",
            "is_input_format_already_preprocessed",
        },
        {"images_data_url"},
    ),
}


@dataclass
class Queued:
    id: str
    endpoint: str
    input: dict[str, Any]
    webhook: str
    status: str = "IN_QUEUE"
    result: Any = None
    result_status: int = 200
    error: str = ""
    error_type: str = ""
    logs: list[str] = field(default_factory=list)
    sent_at: float = field(default_factory=time.time)


class FakeFal(Fake):
    """Everything fal serves on one origin: queue, platform API, keys and files."""

    def __init__(self, seed: bytes = bytes(range(32))) -> None:
        super().__init__()
        self.requests: dict[str, Queued] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.signer = Ed25519PrivateKey.from_private_bytes(seed)
        self.keys_down = False

    @property
    def environment(self) -> dict[str, str]:
        return {
            "FAL_KEY": KEY,
            "FAL_USER_ID": USER,
            "FAL_QUEUE_URL": self.url,
            "FAL_API_URL": f"{self.url}/v1",
            "FAL_JWKS_URL": f"{self.url}/.well-known/jwks.json",
        }

    def is_submission(self, request: Request) -> bool:
        return request.method == "POST"

    def answer(self, request: Request) -> Response:
        path = request.path.strip("/")
        if path == ".well-known/jwks.json":
            return Response(503, {}) if self.keys_down else Response(200, {"keys": [self._jwk()]})
        if path.startswith("files/"):
            kind, body = self.files[path.removeprefix("files/")]
            assert "authorization" not in request.headers, "our key went to the CDN"
            return Response(200, body, {"Content-Type": kind})
        if request.headers.get("authorization") != f"Key {KEY}":
            return Response(401, {"detail": "Invalid key"})
        if path == "v1/models/requests/by-endpoint":
            return self._list(request)
        if request.method == "POST":
            return self._submit(path, request)
        return self._about(request)

    def _submit(self, endpoint: str, request: Request) -> Response:
        known = INPUTS.get(endpoint)
        if known is None:
            return Response(404, {"detail": f"Application '{endpoint}' not found"})
        given = request.json
        faults = [{"loc": ["body", name], "msg": "Field required", "type": "missing"} for name in known[1] - set(given)]
        faults += [
            {"loc": ["body", name], "msg": "Unknown input", "type": "extra_forbidden"} for name in set(given) - known[0]
        ]
        if faults:
            return Response(422, {"detail": faults})
        queued = Queued(str(uuid.uuid4()), endpoint, given, request.query.get("fal_webhook", ""))
        self.requests[queued.id] = queued
        return Response(200, {"request_id": queued.id, "queue_position": 0, **self._urls(queued)})

    def _urls(self, queued: Queued) -> dict[str, str]:
        owner, app, *_ = queued.endpoint.split("/")
        base = f"{self.url}/{owner}/{app}/requests/{queued.id}"
        return {"status_url": f"{base}/status", "response_url": base, "cancel_url": f"{base}/cancel"}

    def _about(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        queued = self.requests.get(parts[3]) if len(parts) > 3 and parts[2] == "requests" else None
        if queued is None:
            return Response(404, {"status": "NOT_FOUND"})
        what = parts[4] if len(parts) > 4 else "result"
        if what == "cancel":
            return self._cancel(queued)
        told = {"status": queued.status, "request_id": queued.id, **self._urls(queued), "logs": None}
        if what == "status":
            if queued.status == "IN_QUEUE":
                return Response(202, told | {"queue_position": 0})
            if queued.status == "IN_PROGRESS":
                lines = [{"message": line, "level": "INFO", "source": "USER"} for line in queued.logs]
                return Response(202, told | {"logs": lines if request.query.get("logs") == "1" else None})
            failure = {"error": queued.error, "error_type": queued.error_type} if queued.error else {}
            return Response(200, told | {"metrics": {"inference_time": 1.0}} | failure)
        if queued.status != "COMPLETED":
            return Response(400, {"detail": "Request is still in progress"})
        return Response(queued.result_status, queued.result)

    def _cancel(self, queued: Queued) -> Response:
        if queued.status == "IN_QUEUE":
            del self.requests[queued.id]
            return Response(200, {"status": "OK"})
        if queued.status == "IN_PROGRESS":
            return Response(202, {"status": "CANCELLATION_REQUESTED"})
        return Response(400, {"status": "ALREADY_COMPLETED"})

    def _list(self, request: Request) -> Response:
        rows = [
            {"request_id": q.id, "endpoint_id": q.endpoint, "json_input": q.input, "status_code": q.result_status}
            for q in self.requests.values()
            if q.endpoint == request.query["endpoint_id"] and q.status == "COMPLETED"
        ]
        assert request.query["expand"] == "payloads"
        size, start = 2, int(request.query.get("cursor", "0"))
        page = {"items": rows[start : start + size], "has_more": start + size < len(rows)}
        return Response(200, page | {"next_cursor": str(start + size)})

    # ---- what happens at fal

    def draw(self, request_id: str, image: bytes, *, width: int, height: int, unsafe: bool = False) -> None:
        """Finish a request with one picture."""
        name = f"{request_id}.png"
        self.files[name] = ("image/png", image)
        queued = self.requests[request_id]
        picture = {"url": f"{self.url}/files/{name}", "content_type": "image/png", "width": width, "height": height}
        queued.result = {"images": [picture], "seed": queued.input.get("seed"), "has_nsfw_concepts": [unsafe]}
        queued.status = "COMPLETED"

    def train(self, request_id: str, weights: bytes, config: bytes = b"{}", **changes: Any) -> None:
        """Finish a training with its files."""
        queued, result = self.requests[request_id], {}
        for label, name, body in (
            ("diffusers_lora_file", "lora.safetensors", weights),
            ("config_file", "c.json", config),
        ):
            self.files[f"{request_id}.{name}"] = ("application/octet-stream", body)
            url = f"{self.url}/files/{request_id}.{name}"
            result[label] = {"url": url, "content_type": "application/octet-stream", "file_size": len(body)}
        queued.result, queued.status = result | changes, "COMPLETED"

    def break_down(self, request_id: str, error: str, kind: str, status: int = 503, detail: Any = None) -> None:
        """Finish a request with a failure."""
        queued = self.requests[request_id]
        queued.status, queued.error, queued.error_type, queued.result_status = "COMPLETED", error, kind, status
        queued.result = {"detail": detail or error, "error_type": kind}

    def webhook(self, request_id: str, *, at: float | None = None, user: str = USER, **changes: Any) -> "Delivery":
        """The signed report of a finished request, as fal would send it."""
        queued = self.requests[request_id]
        body = {
            "request_id": request_id,
            "gateway_request_id": request_id,
            "status": "ERROR" if queued.error else "OK",
            "error": queued.error or None,
            "payload": queued.result,
        } | changes
        return self.sign(queued.webhook, request_id, json.dumps(body).encode(), at=at, user=user)

    def sign(self, url: str, request_id: str, body: bytes, *, at: float | None = None, user: str = USER) -> "Delivery":
        timestamp = str(int(time.time() if at is None else at))
        message = "\n".join((request_id, user, timestamp, hashlib.sha256(body).hexdigest())).encode()
        names = ("Request-Id", "User-Id", "Timestamp", "Signature")
        values = (request_id, user, timestamp, self.signer.sign(message).hex())
        headers = {f"X-Fal-Webhook-{name}": value for name, value in zip(names, values, strict=True)}
        return Delivery(url, headers, body)

    def _jwk(self) -> dict[str, str]:
        raw = self.signer.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}


@dataclass(frozen=True)
class Delivery:
    """One webhook on its way."""

    url: str
    headers: dict[str, str]
    body: bytes
