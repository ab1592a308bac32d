"""The HTTP API as API Gateway serves it: events, authorizer, errors and limits."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from local import routes
from local.aws import EmbeddedAws
from local.gateway import Response, claim_text
from local.issuer import Issuer


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_an_event_has_the_shape_of_payload_2(aws: EmbeddedAws) -> None:
    token = aws.mint_token("user_1", "Ida", "Studio", groups=["admin", "editor"], verified=True)
    headers = [
        *bearer(token).items(),
        ("Content-Type", "application/json"),
        ("Cookie", "a=1; b=2"),
        ("X-Take", "1"),
        ("x-take", "2"),
        ("User-Agent", "slate/1"),
    ]

    answer = aws.http("PUT", "/crew/a%20b/x/y%2Fz?q=1&q=2&empty=", headers, b'{"n":1}')
    event = answer.json()["event"]

    assert answer.status == 200
    assert answer.cookies == ("a=1", "b=2")
    assert event["version"] == "2.0"
    assert event["routeKey"] == "ANY /crew/{crewId}/{rest+}"
    assert event["rawQueryString"] == "q=1&q=2&empty="
    assert event["queryStringParameters"] == {"q": "1,2", "empty": ""}
    assert event["pathParameters"] == {"crewId": "a b", "rest": "x/y/z"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-take"] == "1,2"
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"n":1}', False)
    context = event["requestContext"]
    assert context["stage"] == "$default"
    assert context["http"]["method"] == "PUT"
    assert context["http"]["userAgent"] == "slate/1"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    claims = context["authorizer"]["jwt"]["claims"]
    assert claims["groups"] == "[admin editor]"
    assert (claims["sub"], claims["name"], claims["org"], claims["verified"]) == ("user_1", "Ida", "Studio", "true")
    assert all(isinstance(value, str) for value in claims.values())


def test_a_binary_body_arrives_in_base64(aws: EmbeddedAws) -> None:
    answer = aws.http(
        "POST", "/crew/1/up", {**bearer(aws.mint_token("u")), "content-type": "image/png"}, b"\x89PNG\xff"
    )
    event = answer.json()["event"]

    assert event["isBase64Encoded"]
    assert base64.b64decode(event["body"]) == b"\x89PNG\xff"


@pytest.mark.parametrize(
    "make",
    [
        lambda _: {},
        lambda _: {"authorization": "Bearer nonsense"},
        lambda aws: bearer(aws.mint_token("u", lifetime=-10)),
        lambda aws: bearer(aws.mint_token("u", iss="https://other.test")),
        lambda aws: bearer(aws.mint_token("u", aud="other-app")),
        lambda _: bearer(Issuer(None).mint("https://issuer.example.test/pool", "crew-app", "u")),
    ],
    ids=["missing", "nonsense", "expired", "other issuer", "other audience", "forged"],
)
def test_a_bad_token_is_refused_before_the_function(
    aws: EmbeddedAws, make: Callable[[EmbeddedAws], dict[str, str]]
) -> None:
    answer = aws.http("GET", "/crew/1", make(aws))

    assert (answer.status, answer.json()) == (401, {"message": "Unauthorized"})


def test_an_open_route_needs_no_token(aws: EmbeddedAws) -> None:
    answer = aws.http("GET", "/open")

    assert answer.status == 200
    assert "authorizer" not in answer.json()["event"]["requestContext"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/crew/1"), ("GET", "/crew")])
def test_what_the_template_does_not_route_is_not_found(aws: EmbeddedAws, method: str, path: str) -> None:
    answer = aws.http(method, path, bearer(aws.mint_token("u")))

    assert (answer.status, answer.json()) == (404, {"message": "Not Found"})


def test_the_most_specific_route_wins() -> None:
    def route(key: str) -> routes.Route:
        method, path = key.split(" ")
        return routes.Route(key, "f", None, 30, tuple(path.strip("/").split("/")), method)

    keys = ["ANY /{proxy+}", "GET /a/{b}", "GET /a/c", "ANY /a/{b}"]
    api = routes.Api(tuple(sorted(map(route, keys), key=lambda r: r.rank)), {}, {})

    found = [api.find(m, p) for m, p in [("GET", "/a/c"), ("GET", "/a/x"), ("PUT", "/a/x"), ("GET", "/z/y")]]

    assert [f[0].key for f in found if f] == ["GET /a/c", "GET /a/{b}", "ANY /a/{b}", "ANY /{proxy+}"]
    assert found[3] is not None
    assert found[3][1] == {"proxy": "z/y"}


def test_a_binary_answer_is_decoded(do: Callable[..., Response]) -> None:
    answer = do("binary")

    assert (answer.status, answer.headers["content-type"], answer.body) == (201, "image/png", b"\x89PNG\x00\xff")


def test_an_answer_without_a_status_is_the_body(do: Callable[..., Response]) -> None:
    assert do("put", '{"id": "plain"}').json() == {"stored": "plain"}


def test_a_crash_tells_nothing(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    answer = do("crash")

    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})
    assert any("no such reel" in line for _, line in aws.logs)


def test_a_body_over_ten_megabytes_is_refused(do: Callable[..., Response], aws: EmbeddedAws) -> None:
    assert do("put", "x" * (10 * 1024 * 1024 + 1)).status == 413


def test_past_the_integration_limit_the_service_is_unavailable(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.http, "timeout_limit", 0.3)

    answer = aws.http("GET", "/slow")

    assert (answer.status, answer.json()) == (503, {"message": "Service Unavailable"})


def test_a_function_past_its_own_timeout_is_an_error(aws: EmbeddedAws) -> None:
    assert aws.http("GET", "/slow").status == 500


@pytest.mark.parametrize(
    ("claim", "text"), [(["a", "b"], "[a b]"), (True, "true"), (5, "5"), ({"k": 1}, "map[k:1]"), ("s", "s")]
)
def test_claims_become_strings(claim: object, text: str) -> None:
    assert claim_text(claim) == text


def test_sixty_four_clients_are_served_over_http(aws: EmbeddedAws) -> None:
    token = aws.mint_token("u")

    def call(number: int) -> bool:
        request = urllib.request.Request(
            f"{aws.url}/do/put", json.dumps({"id": f"http-{number}"}).encode(), bearer(token), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bool(json.loads(answer.read())["stored"] == f"http-{number}")

    with ThreadPoolExecutor(64) as pool:
        assert all(pool.map(call, range(192)))


def test_http_refuses_a_large_body_without_reading_it(aws: EmbeddedAws) -> None:
    request = urllib.request.Request(f"{aws.url}/do/put", b"x", {"content-length": str(11 << 20)}, method="POST")

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)

    assert refused.value.code == 413
    refused.value.close()
