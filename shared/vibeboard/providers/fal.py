"""fal's queue as a job provider: one own POST to submit (their client repeats it), their URLs to ask and cancel.

fal tells a failure as COMPLETED with an `error`; there is no FAILED. It keeps results for minutes, so the answer is
taken in at once and its files are copied by the media function.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vibeboard.domain import prompts
from vibeboard.domain.pricing import price
from vibeboard.jobs import hooks
from vibeboard.jobs.engines import Answer, NotAccepted, OutcomeUnknown, Receipt, Rejected, Unreachable
from vibeboard.providers import fal_training, http_client, settings
from vibeboard.providers.http_client import AnswerLost, NeverSent, Reply
from vibeboard.providers.matrix import ENDPOINTS, nearest_ratio
from vibeboard.store import objects
from vibeboard.store.table import Item

START_SECONDS = 1800  # a request that has not started by then is dropped by fal: bounds how long one may be unknown
LONGEST_RUN_SECONDS = 900
INPUT_LINK_SECONDS = 3 * 3600
LISTED_PAGES = 50
_REFUSED_FOR_CONTENT = ("content_policy", "nsfw", "safety", "unsafe")


class Fal:
    """Frames and training by fal (SOP steps 7 and 4)."""

    lists = True
    horizon = float(START_SECONDS + LONGEST_RUN_SECONDS)

    def post(self, job: Item) -> Receipt:
        if job["operation"] == fal_training.OPERATION:
            fal_training.pack(job)
        body = request_body(job)
        headers = _key() | {"X-Fal-Request-Timeout": str(START_SECONDS), "X-Fal-Object-Lifecycle-Preference": _KEEP}
        url = f"{settings.get('FAL_QUEUE_URL')}/{job['model']}"
        try:
            reply = http_client.call(
                "POST",
                url,
                headers=headers,
                body=body,
                params={"fal_webhook": hooks.address(job)},
                timeout=http_client.SUBMIT_SECONDS,
            )
        except NeverSent as error:
            raise NotAccepted(f"fal cannot be reached: {error}") from error
        except AnswerLost as error:
            raise OutcomeUnknown(f"fal's answer was lost: {error}") from error
        return _receipt(reply)

    def look(self, job: Item) -> Answer:
        training = job["operation"] == fal_training.OPERATION
        status = _ask("GET", _links(job)["status"], {"logs": "1"} if training else None)
        if status.status == 404:
            return Answer("gone", job["providerRef"])
        told = status.json() if status.status in (200, 202) else None
        if not isinstance(told, dict):
            raise Unreachable(f"fal answered {status.status} for a status")
        if told.get("status") != "COMPLETED":
            return Answer("running", job["providerRef"], progress=fal_training.progress_of(told.get("logs")))
        if told.get("error"):
            return _failure(job, str(told["error"]), str(told.get("error_type", "")))
        result = _ask("GET", _links(job)["response"])
        if result.status == 404:
            return Answer("gone", job["providerRef"])
        if result.status >= 400:
            detail = result.json()
            return _model_failure(job, detail if isinstance(detail, dict) else {}, result.text())
        payload = result.json()
        return outcome(job, payload if isinstance(payload, dict) else {})

    def find(self, job: Item) -> Receipt | None:
        """List what was sent to the model since the fence, and match the request's own body."""
        wanted = _comparable(request_body(job))
        since = datetime.fromisoformat(job["updatedAt"]).timestamp() - 300
        query = {
            "endpoint_id": job["model"],
            "start": datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "expand": "payloads",
            "limit": "100",
        }
        for _ in range(LISTED_PAGES):
            reply = _ask("GET", f"{settings.get('FAL_API_URL')}/models/requests/by-endpoint", query)
            page = reply.json() if reply.status == 200 else None
            if not isinstance(page, dict):
                raise Unreachable(f"fal answered {reply.status} for a listing")
            for row in page.get("items", []):
                if _comparable(row.get("json_input")) == wanted:
                    return Receipt(str(row["request_id"]), _built_links(job["model"], str(row["request_id"])))
            if not page.get("has_more"):
                return None
            query["cursor"] = str(page["next_cursor"])
        raise Rejected("fal lists more requests since the submission than are looked through")

    def cancel(self, job: Item) -> bool:
        reply = _ask("PUT", _links(job)["cancel"])
        told = reply.json()
        return reply.status == 200 and isinstance(told, dict) and told.get("status") == "OK"

    def read(self, job: Item, delivery: dict[str, Any]) -> Answer:
        """A verified webhook's body. A result that would not travel is fetched."""
        job = job | {"providerRef": str(delivery.get("request_id", ""))}
        payload = delivery.get("payload")
        if delivery.get("status") == "ERROR":
            detail = payload if isinstance(payload, dict) else {}
            return _model_failure(job, detail, str(delivery.get("error") or "fal reported an error"))
        if delivery.get("status") != "OK":
            return Answer("running", job["providerRef"])
        if not isinstance(payload, dict):
            return self.look(job)
        return outcome(job, payload)


_KEEP = '{"expiration_duration_seconds": 86400}'


def _key() -> dict[str, str]:
    return {"Authorization": f"Key {settings.secret('FAL_KEY')}"}


def _ask(method: str, url: str, params: dict[str, str] | None = None) -> Reply:
    try:
        reply = http_client.call(method, url, headers=_key(), params=params)
    except (NeverSent, AnswerLost) as error:
        raise Unreachable(f"fal does not answer: {error}") from error
    if reply.status == 429 or (reply.status >= 500 and "/requests/" not in url):
        raise Unreachable(f"fal answered {reply.status}")
    return reply


def _receipt(reply: Reply) -> Receipt:
    told = reply.json()
    if reply.status in (200, 201, 202):
        if not isinstance(told, dict) or not told.get("request_id"):
            raise OutcomeUnknown("fal accepted without saying under which id")
        names = ("status", "response", "cancel")
        return Receipt(str(told["request_id"]), {n: str(told[f"{n}_url"]) for n in names if told.get(f"{n}_url")})
    if reply.status == 429:
        raise NotAccepted(f"fal takes no more: {reply.text()}", retry_after=reply.retry_after)
    if 400 <= reply.status < 500 and reply.status != 408:
        raise Rejected(f"fal refused the request ({reply.status}): {reply.text()}")
    raise OutcomeUnknown(f"fal answered {reply.status} to a submission")


def _built_links(model: str, reference: str) -> dict[str, str]:
    """Only for a request whose own links were lost: status, result and cancel live under owner/app."""
    owner, app, *_ = model.split("/")
    base = f"{settings.get('FAL_QUEUE_URL')}/{owner}/{app}/requests/{reference}"
    return {"status": f"{base}/status", "response": base, "cancel": f"{base}/cancel"}


def _links(job: Item) -> dict[str, str]:
    """The links of fal's own answer. Our key goes to fal's host only, whatever an answer says."""
    links: dict[str, str] = _built_links(job["model"], job["providerRef"]) | job.get("providerLinks", {})
    home = urlsplit(settings.get("FAL_QUEUE_URL"))[:2]
    if any(urlsplit(url)[:2] != home for url in links.values()):
        raise Rejected("fal's answer points at another host than fal's queue")
    return links


def _comparable(body: Any) -> Any:
    """A request without the signatures of its links, which differ each time they are made."""
    if isinstance(body, dict):
        return {name: _comparable(value) for name, value in sorted(body.items())}
    if isinstance(body, list):
        return [_comparable(value) for value in body]
    if isinstance(body, str) and body.startswith(("http://", "https://")):
        return urlunsplit((*urlsplit(body)[:3], "", ""))
    return body


def outcome(job: Item, payload: dict[str, Any]) -> Answer:
    """A model's output as an answer. An unsafe picture is paid for and not shown."""
    if job["operation"] == fal_training.OPERATION:
        return fal_training.outcome(job, payload)
    images = [image for image in payload.get("images", []) if isinstance(image, dict) and image.get("url")]
    billed = _billed(job, images[0] if images else {})
    if any(payload.get("has_nsfw_concepts") or []):
        error = {
            "code": "CONTENT_REFUSED",
            "message": "The model's safety check blocked the picture",
            "fix": "Change the prompt, then generate a new take.",
        }
        return Answer("failed", job["providerRef"], error=error, billed=billed)
    if not images:
        error = {"code": "PROVIDER_FAILED", "message": "fal answered without a picture", "fix": "Generate it again."}
        return Answer("failed", job["providerRef"], error=error, billed=billed)
    picture = {"url": str(images[0]["url"]), "type": str(images[0].get("content_type", ""))}
    output = {"picture": picture, "model": job["model"], "seed": payload.get("seed", job["input"].get("seed"))}
    return Answer("succeeded", job["providerRef"], output=output, billed=billed)


def _billed(job: Item, image: dict[str, Any]) -> int:
    """What fal charges for this picture by its list price; the hold where it did not say how large it is."""
    width, height = image.get("width"), image.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return price(job["operation"], {"model": job["model"], "width": width, "height": height})
    return int(job["amount"])


def _model_failure(job: Item, detail: dict[str, Any], said: str) -> Answer:
    rows = detail.get("detail")
    kinds = (
        " ".join(str(row.get("type", "")) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ""
    )
    words = (
        "; ".join(str(row.get("msg", "")) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ""
    )
    return _failure(job, (words or str(rows or said))[:300], f"{kinds} {detail.get('error_type', '')}")


def _failure(job: Item, message: str, kind: str) -> Answer:
    """A refusal for content may come after the GPU ran, so it counts as billed; any other failure is not billed."""
    refused = any(word in kind.lower() for word in _REFUSED_FOR_CONTENT)
    error = {
        "code": "CONTENT_REFUSED" if refused else "PROVIDER_FAILED",
        "message": f"fal: {message}",
        "fix": "Change the prompt, then generate a new take." if refused else "Generate it again.",
    }
    return Answer("failed", job["providerRef"], error=error, billed=int(job["amount"]) if refused else 0)


def request_body(job: Item) -> dict[str, Any]:
    """What the job's model is sent: only inputs its endpoint has. Raises Rejected for a model not in the table."""
    if job["operation"] == fal_training.OPERATION:
        return fal_training.request_body(job)
    body = job["input"]
    endpoint = ENDPOINTS.get(job["model"])
    if endpoint is None:
        raise Rejected(f"No endpoint is known for {job['model']}", fix="Name a model of the matrix.")
    sent: dict[str, Any] = {"prompt": _prompt(body, endpoint.negative), "seed": body["seed"], **dict(endpoint.fixed)}
    if endpoint.negative:
        sent["negative_prompt"] = prompts.plain_negative(body["negative"])
    if endpoint.size == "image_size":
        sent["image_size"] = {"width": body["width"], "height": body["height"]}
    elif endpoint.size:
        sent[endpoint.size] = nearest_ratio(body["width"], body["height"], endpoint.ratios)
    if endpoint.output_format:
        sent["output_format"] = "png"
    if endpoint.image:
        if not body.get("source"):
            raise Rejected(f"{job['model']} edits a picture, and the job names none", fix="Generate the frame before.")
        link = objects.link(body["source"], seconds=INPUT_LINK_SECONDS)
        sent[endpoint.image] = [link] if endpoint.image == "image_urls" else link
    if endpoint.loras and body.get("loras"):
        sent["loras"] = [
            {"path": _reachable(lora["path"]), "scale": lora.get("scale", 1)}
            for lora in body["loras"][: endpoint.loras]
        ]
    return sent


def _reachable(path: str) -> str:
    return path if path.startswith("https://") else str(objects.link(path, seconds=INPUT_LINK_SECONDS))


def _prompt(body: dict[str, Any], takes_negative: bool) -> str:
    """What a text-only model reads: shot, cast, place, style; and what to leave out, where it has no other input."""
    cast = []
    for member in body.get("cast", []):
        traits = [*map(str, member.get("attributes", {}).values()), *member.get("wardrobe", [])]
        name = member.get("trigger_word") or member.get("display_name") or member["name"]
        cast.append(f"{name} ({', '.join(traits)})" if traits else name)
    parts = [
        body["prompt"],
        ", ".join(cast),
        str(body.get("place", "")).replace("_", " "),
        body.get("style", ""),
        ", ".join(body.get("required", [])),
    ]
    if not takes_negative:
        parts.append(prompts.as_wording(body["negative"]))
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())
