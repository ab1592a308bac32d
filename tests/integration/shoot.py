"""A film in the middle of the shoot, without rendering a pixel: jobs are settled with what engines report."""

from typing import Any

from tests.integration.studio import Studio
from vibeboard.jobs import settlement, submission
from vibeboard.jobs.waiting import read_job
from vibeboard.store import keys, objects

FRAME = {"frame": "projects/p/frame.png", "width": 1920, "height": 822, "model": "sandbox/storyboard"}
RATE, SECONDS = 24, 5


def clip_result(score: float = 0.95, issues: list[dict[str, Any]] | None = None, frames: int = RATE * SECONDS) -> Any:
    """What the media function reports of a take."""
    report = {
        "score": score,
        "status": "pass" if score >= 0.8 else "warn" if score >= 0.7 else "flagged",
        "issues": issues or [],
        "metrics": {"flickerScore": 0.02, "motionConsistency": 0.91},
    }
    return {
        "picture": "projects/p/clip.mp4",
        "sound": "projects/p/sound.wav",
        "proxy": "projects/p/proxy.mp4",
        "poster": "projects/p/poster.jpg",
        "peaks": "projects/p/peaks.json",
        "frames": frames,
        "samples": 48_000 * (SECONDS + 1),
        "width": 1280,
        "height": 548,
        "report": report,
        "model": "sandbox/animatic",
    }


class Shoot:
    """One chain of the SOP's project, with shots; `frame`, `shoot`, `approve` move a shot along."""

    def __init__(self, studio: Studio, project: dict[str, Any], shots: int = 2, style: str = "85mm lens") -> None:
        self.studio, self.project_id = studio, project["projectId"]
        base = f"/api/projects/{self.project_id}/scene-chains"
        chain = {"name": "Scene 1 - Laundromat", "masterStyleContext": style, "orderIndex": 0}
        self.chain: str = studio.call("POST", base, chain).json["id"]
        self.base = f"{base}/{self.chain}"
        body = [
            {"prompt": f"Femme fatale, moment {n}", "negativePrompt": "(crowd:1.5)", "duration": SECONDS}
            for n in range(shots)
        ]
        made = studio.call("POST", f"{self.base}/segments", body).json["segments"]
        self.segments: list[str] = [segment["id"] for segment in made]

    def path(self, index: int, tail: str = "") -> str:
        return f"{self.base}/segments/{self.segments[index]}{tail}"

    def settle(self, job_id: str, result: dict[str, Any]) -> dict[str, Any]:
        job = submission.submit(self.project_id, job_id) or read_job(self.project_id, job_id)
        return settlement.succeed(job, result)

    def frames(self) -> "Shoot":
        """First and last frame of every shot, in order."""
        for index in range(len(self.segments)):
            for which in ("first", "last"):
                answer = self.studio.call("POST", self.path(index, "/generate-frame"), {"which": which}, user="editor")
                assert answer.status == 202, answer.text
                self.settle(answer.json["jobId"], FRAME)
        return self

    def footage(self, **result: Any) -> "Shoot":
        """A take of every shot."""
        for index in range(len(self.segments)):
            answer = self.studio.call("POST", self.path(index, "/generate"), {}, user="editor")
            assert answer.status == 202, answer.text
            self.settle(answer.json["jobId"], clip_result(**result))
        return self

    def approved(self) -> "Shoot":
        for index in range(len(self.segments)):
            assert self.studio.call("PUT", self.path(index, "/review"), {"review": "approved"}).status == 200
        return self

    def locked(self) -> "Shoot":
        for index in range(len(self.segments)):
            assert self.studio.call("PUT", self.path(index, "/lock"), {"locked": True}, user="admin").status == 200
        return self

    def picture_locked(self) -> "Shoot":
        answer = self.studio.call("PUT", f"{self.base}/picture-lock", {"pictureLocked": True}, user="admin")
        assert answer.status == 200, answer.text
        return self

    def budget(self) -> dict[str, Any]:
        return dict(self.studio.call("GET", f"/api/projects/{self.project_id}/statement").json["budget"])

    def put_media(self) -> None:
        """The objects that results name, so that links and downloads find something."""
        for name in ("clip.mp4", "sound.wav"):
            objects.write(f"{keys.media_prefix('p')}{name}", b"media")
