"""Publishing a finished film (SOP step 12): a resumable upload that survives broken connections and its own function.

The upload's address is remembered before the first byte goes out; whoever takes the job up again asks how far it came.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from media.work import Work
from vibeboard.jobs.engines import Unfinished
from vibeboard.providers.youtube import CHUNK_BYTES, PublishFailed, SessionGone, Step, Trouble, YouTube, video_resource
from vibeboard.store import objects, secrets

RUN_SECONDS = 720.0  # of the function's 900; then the job goes back to its queue and on from there
TROUBLES = 8  # broken connections in a row, without a byte gained
RESTARTS = 2  # uploads YouTube may forget
LONGEST_PAUSE = 32.0


def youtube(
    work: Work,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """{videoId, url, privacyStatus}. Raises PublishFailed; Unfinished when the function's time is up."""
    project_id, name = work.job["projectId"], work.job["jobId"]
    key, size = work.input["key"], int(work.input["size"])
    ordered = work.input["video"]
    video = video_resource(
        ordered["title"],
        ordered["description"],
        ordered["tags"],
        ordered["privacy"],
        made_for_kids=ordered["madeForKids"],
    )
    client, until = YouTube(), clock() + RUN_SECONDS
    address = secrets.recall(project_id, name)
    troubles, restarts, sent = 0, 0, 0
    step: Step | None = None
    while True:
        if clock() > until:
            raise Unfinished
        try:
            if not address:
                address = client.start(video, size, objects.content_type(key))
                secrets.keep(project_id, name, address)
                step = Step()
            elif step is None:
                step = client.ask(address, size)
            else:
                piece = objects.read_range(key, step.held, min(CHUNK_BYTES, size - step.held))
                sent = step.held + len(piece)
                before = step.held
                step = None  # until the answer is there, only YouTube knows how far it is
                step = client.send(address, before, piece, size)
                troubles = 0 if step.held > before else troubles + 1
        except Trouble as trouble:
            troubles += 1
            if troubles > TROUBLES:
                raise PublishFailed(f"{trouble}, {troubles} times", code="YOUTUBE_UNREACHABLE", fix=_LATER) from None
            sleep(random.uniform(0, min(LONGEST_PAUSE, 2.0**troubles)))
            continue
        except SessionGone:
            if sent >= size:  # every byte went out and no answer came: another upload could be a second video
                secrets.forget(project_id, name)
                raise PublishFailed(
                    "The upload ended without an answer", code="PUBLISH_OUTCOME_UNKNOWN", fix=_LOOK
                ) from None
            restarts += 1
            if restarts > RESTARTS:
                raise PublishFailed(
                    "YouTube keeps forgetting the upload", code="YOUTUBE_UNREACHABLE", fix=_LATER
                ) from None
            secrets.forget(project_id, name)
            address, step = "", None
            continue
        if step.video is not None:
            secrets.forget(project_id, name)
            return _published(step.video, video)
        if troubles > TROUBLES:
            raise PublishFailed("YouTube takes no more bytes", code="YOUTUBE_UNREACHABLE", fix=_LATER)
        if step.moved:
            address = step.moved
            secrets.keep(project_id, name, address)
        work.progress(step.held / size)


_LATER = "Publish again later; it goes on from what YouTube holds."
_LOOK = "Look for the film in YouTube Studio before it is published again."


def _published(video: dict[str, Any], ordered: dict[str, Any]) -> dict[str, Any]:
    video_id, status = str(video.get("id", "")), video.get("status", {})
    if not video_id:
        raise PublishFailed("YouTube named no video", code="PUBLISH_OUTCOME_UNKNOWN", fix=_LOOK)
    if status.get("uploadStatus") in ("rejected", "failed"):
        why = status.get("rejectionReason") or status.get("failureReason") or status["uploadStatus"]
        raise PublishFailed(f"YouTube took the film and refused it: {why}", code="YOUTUBE_REJECTED", fix=_LOOK)
    privacy = status.get("privacyStatus", ordered["status"]["privacyStatus"])
    return {
        "platform": "youtube",
        "videoId": video_id,
        "url": f"https://youtu.be/{video_id}",
        "privacyStatus": privacy,
        "model": "youtube/upload",
    }
