"""A bucket behind presigned addresses: what is put once stays, a second conditional put is refused."""

from tests.fakes.server import Fake, Request, Response


class FakeBucket(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, tuple[bytes, str]] = {}

    def hold(self, name: str, body: bytes, kind: str) -> str:
        """Put an object in; returns where it is got from."""
        self.objects[f"/{name}"] = (body, kind)
        return f"{self.url}/{name}"

    def place(self, name: str, kind: str = "application/octet-stream") -> dict[str, object]:
        """Where an object is put, once."""
        headers = {"Content-Type": kind, "If-None-Match": "*"}
        return {"url": f"{self.url}/{name}", "headers": headers, "name": name.rsplit("/", 1)[-1]}

    def is_submission(self, request: Request) -> bool:  # noqa: ARG002  every put is as good as another
        return False

    def answer(self, request: Request) -> Response:
        if request.method == "PUT":
            if request.headers.get("if-none-match") == "*" and request.path in self.objects:
                return Response(412, b"")
            self.objects[request.path] = (request.body, request.headers.get("content-type", ""))
            return Response(200, b"")
        if request.path not in self.objects:
            return Response(404, b"")
        body, kind = self.objects[request.path]
        return Response(200, body, {"Content-Type": kind})
