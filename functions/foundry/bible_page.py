"""The Style Bible as a page to print: one A4 column, everything in the file, nothing fetched from elsewhere."""

import html
from typing import Any

from vibeboard.store.table import Item

_CSS = """
@page { size: A4; margin: 16mm }
* { box-sizing: border-box }
body { font: 11pt/1.45 Georgia, serif; color: #1b1b1f; max-width: 178mm; margin: 0 auto; padding: 10mm 0 }
h1 { font-size: 26pt; margin: 0; letter-spacing: .01em }
h2 { font-size: 14pt; margin: 9mm 0 3mm; border-bottom: 1px solid #1b1b1f; padding-bottom: 1mm }
h3 { font-size: 13pt; margin: 0 0 2mm }
.meta { color: #5c5c66; margin: 1mm 0 0 }
.palette { display: flex; gap: 3mm; list-style: none; padding: 0; margin: 0 }
.palette li { flex: 1; font: 9pt ui-monospace, monospace }
.palette i { display: block; height: 22mm; border: 1px solid #0002; margin-bottom: 1.5mm;
  -webkit-print-color-adjust: exact; print-color-adjust: exact }
.pair, .rules { display: grid; gap: 6mm; grid-template-columns: repeat(auto-fit, minmax(48mm, 1fr)) }
section.person { break-inside: avoid; border-left: 3px solid #1b1b1f; padding: 0 0 0 5mm; margin: 0 0 7mm }
h4 { font: 600 9pt/1 system-ui, sans-serif; text-transform: uppercase; letter-spacing: .06em; margin: 3mm 0 1.5mm }
ul { margin: 0; padding-left: 5mm }
.none { color: #5c5c66; margin: 0 }
code { font: 10pt ui-monospace, monospace }
"""


def _e(value: Any) -> str:
    return html.escape(str(value), quote=True)


def _list(rows: list[Any]) -> str:
    if not rows:
        return "<p class='none'>none</p>"
    return "<ul>" + "".join(f"<li>{_e(row)}</li>" for row in rows) + "</ul>"


def page(bible: Item, title: str) -> str:
    """The whole page. bible: as `bible.view` shows it."""
    rules = bible["globalRules"]
    colours = [colour for colour in rules.get("colorPalette", []) if _is_colour(str(colour))]
    palette = "".join(f"<li><i style='background:{_e(colour)}'></i>{_e(colour)}</li>" for colour in colours)
    state = f"frozen since {_e(bible['frozenAt'][:10])}" if bible.get("frozen") else "open"
    people = "".join(_person(row) for row in bible["characters"])
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Style Bible: {_e(title)}</title>"
        f"<meta name='viewport' content='width=device-width, initial-scale=1'><style>{_CSS}</style></head><body>"
        f"<header><h1>Style Bible</h1><p class='meta'>{_e(title)} · version {_e(bible['version'])} · {state} · written "
        f"{_e(bible['generatedAt'][:10])}</p></header>"
        f"<h2>Palette</h2><ul class='palette'>{palette}</ul>"
        f"<div class='pair'><div><h2>Banned</h2>{_list(rules.get('bannedElements', []))}</div>"
        f"<div><h2>Required</h2>{_list(rules.get('requiredElements', []))}</div></div>"
        f"<h2>Characters</h2>{people or '<p class=none>none</p>'}</body></html>\n"
    )


def _person(row: Item) -> str:
    trained = f" · LoRA <code>{_e(row['loraId'])}</code>" if row.get("loraId") else ""
    heads = (("Wardrobe", "wardrobeRules"), ("Lighting", "lightingRules"), ("Pose", "poseGuidance"))
    rules = "".join(f"<div><h4>{head}</h4>{_list(row.get(name, []))}</div>" for head, name in heads)
    return (
        f"<section class='person'><h3>{_e(row['name'])}</h3>"
        f"<p class='meta'>trigger word <code>{_e(row['triggerWord'])}</code>{trained}</p>"
        f"<div class='rules'>{rules}</div></section>"
    )


def _is_colour(value: str) -> bool:
    return len(value) == 7 and value[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in value[1:])
