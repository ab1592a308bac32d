"""Versions of an outline over HTTP: one act anew, compare, restore, pin and drop; and the screenplay as Fountain."""

from typing import Any

from tests.integration.studio import SOP_CONCEPT, Studio

Project = dict[str, Any]


def test_given_outlines_when_an_act_is_rewritten_compared_and_restored_then_every_version_is_kept(
    studio: Studio, project: Project
) -> None:
    base = f"/api/projects/{project['projectId']}/story-editor"
    first = studio.call("POST", f"{base}/outline", SOP_CONCEPT).json
    anew = studio.call("POST", f"{base}/outline/acts/2", {}, user="editor")
    acts = anew.json["outline"]["acts"]

    assert (anew.status, anew.json["version"], anew.json["act"], anew.json["basedOn"]) == (201, 2, 2, 1)
    assert acts[1] != first["outline"]["acts"][1]
    assert [acts[0], acts[2]] == [first["outline"]["acts"][0], first["outline"]["acts"][2]]
    assert anew.json["references"] == first["references"]
    diff = studio.call("GET", f"{base}/outline/diff", query={"from": "1", "to": "2"}, user="viewer").json
    assert {row["field"].split("[")[0] for row in diff["changes"]} == {"synopsis", "acts"}
    assert all(row["field"] == "synopsis" or row["field"].startswith("acts[1]") for row in diff["changes"])
    back = studio.call("POST", f"{base}/outline/versions/1/restore", user="editor").json
    assert (back["version"], back["restoredFrom"], back["outline"]) == (3, 1, first["outline"])
    versions = studio.call("GET", f"{base}/outline").json["versions"]
    assert [row["version"] for row in versions] == [1, 2, 3]
    acted = [row["act"] for row in studio.items(project["projectId"], "AUDIT#")]
    assert acted.count("outline.restore") == 1

    dropped = first["references"][0]["id"]
    without = studio.call("POST", f"{base}/outline", SOP_CONCEPT | {"droppedReferences": [dropped]}).json
    assert dropped not in {row["id"] for row in without["references"]}
    assert (len(without["references"]), without["droppedReferences"]) == (5, [dropped])
    both = SOP_CONCEPT | {"droppedReferences": [dropped], "pinnedReferences": [dropped]}
    refused = studio.call("POST", f"{base}/outline", both)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "droppedReferences")

    assert studio.call("POST", f"{base}/breakdown", {"outlineVersion": 2}).status == 201
    pages = studio.call("GET", f"{base}/screenplay", user="viewer")
    assert pages.headers["content-type"].startswith("text/plain")
    assert "INT. LAUNDROMAT - NIGHT" in pages.text
    fdx = "<FinalDraft><Content><Paragraph Type='Scene Heading'><Text>EXT. PIER - DAY</Text></Paragraph>" \
        "<Paragraph Type='Action'><Text>Rain.</Text></Paragraph></Content></FinalDraft>"  # fmt: skip
    assert studio.upload(project["projectId"], "pier.fdx", "screenplay", fdx.encode()).status == 200
    assert studio.call("GET", f"{base}/screenplay").text.split() == ["EXT.", "PIER", "-", "DAY", "Rain."]
    fixed = studio.call("POST", f"{base}/outline/acts/1", {})
    assert (fixed.status, fixed.code) == (409, "ACT_IS_THE_SCREENPLAYS")
