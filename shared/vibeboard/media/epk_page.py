"""The press kit's page: one HTML file that needs nothing but the files beside it and says only what is known."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vibeboard.media.epk import PressKit

_STYLE = """
:root{--ink:#ece8e0;--soft:#b4aea4;--faint:#7d7870;--ground:#101012;--line:#2a2a2e;--accent:#d9a75b}
*{box-sizing:border-box;margin:0}
body{background:var(--ground);color:var(--ink);font:17px/1.6 "Helvetica Neue",Helvetica,Arial,sans-serif}
main{max-width:1120px;margin:0 auto;padding:64px 32px 96px}
header{display:grid;grid-template-columns:minmax(240px,380px) 1fr;gap:56px;align-items:end}
header img{width:100%;display:block}
h1{font-weight:300;font-size:clamp(34px,5.4vw,64px);line-height:1.08;letter-spacing:.04em;text-transform:uppercase}
.logline{font-size:22px;line-height:1.45;color:var(--soft);margin-top:28px;max-width:34em}
dl.facts{display:flex;flex-wrap:wrap;gap:14px 40px;margin-top:36px;padding-top:24px;border-top:1px solid var(--line)}
dt{font-size:12px;letter-spacing:.14em;text-transform:uppercase;color:var(--faint)}
dd{margin:2px 0 0}
section{margin-top:72px}
h2{font-size:13px;font-weight:500;letter-spacing:.2em;text-transform:uppercase;color:var(--accent);
padding-bottom:12px;border-bottom:1px solid var(--line);margin-bottom:28px}
video,.sheet img{width:100%;display:block;background:#000}
.text p{max-width:42em;margin-bottom:1em}
.stills{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:20px}
figure a{display:block}
figure img{width:100%;height:auto;display:block}
figcaption{font-size:13px;color:var(--faint);margin-top:6px;letter-spacing:.04em}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:20px}
.card{border:1px solid var(--line);padding:24px}
.card h3{font-weight:500;font-size:19px;margin-bottom:10px}
.card p{color:var(--soft);font-size:15px}
.card p+p{margin-top:8px}
.swatches{display:flex;flex-wrap:wrap;gap:14px;margin-bottom:28px}
.swatch{width:132px;font-size:13px;color:var(--faint)}
.swatch i{display:block;height:76px;margin-bottom:6px;border:1px solid var(--line)}
table{border-collapse:collapse;width:100%}
td{padding:9px 24px 9px 0;border-bottom:1px solid var(--line);vertical-align:top}
td:first-child{color:var(--faint);width:30%}
a{color:inherit}
footer{margin-top:72px;color:var(--faint);font-size:14px}
@media(max-width:760px){header{grid-template-columns:1fr}main{padding:32px 18px 64px}}
@media print{body{background:#fff;color:#000}.logline,.card p{color:#333}video{display:none}}
"""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def index_page(kit: "PressKit", stills: Mapping[str, str]) -> str:
    """The page of a kit. `stills`: shot name -> path in the kit. Every word of others is escaped."""
    title, still = escape(kit.title), escape(next(iter(stills.values()), "poster.jpg"))
    parts = [
        _section("Trailer", f'<video controls preload="metadata" poster="{still}" src="trailer.mp4"></video>'),
        _section("Synopsis", _paragraphs(kit.synopsis), "text") if kit.synopsis else "",
        _section("Stills", _stills(stills), "") if stills else "",
        _section("Cast", _cast(kit.cast), "cards") if kit.cast else "",
        _section("Style bible", _look(kit.style_bible)) if kit.style_bible else "",
        _section("Credits", _rows(kit.credits)) if kit.credits else "",
        _section(
            "Contact sheet", '<a href="contact-sheet.jpg"><img src="contact-sheet.jpg" alt="All shots"></a>', "sheet"
        ),
        _section("Licences", _rows(kit.licences)) if kit.licences else "",
    ]
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in kit.facts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}: press kit</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>\n"
        f'<header><img src="poster.jpg" alt="Poster of {title}"><div><h1>{title}</h1>'
        f'<p class="logline">{escape(kit.logline)}</p><dl class="facts">{facts}</dl></div></header>\n'
        + "\n".join(part for part in parts if part)
        + "\n<footer>Trailer, poster and stills carry C2PA content credentials. "
        '<a href="contents.json">Contents</a> lists every file with its SHA-256; '
        '<a href="ascmhl/ascmhl_chain.xml">ascmhl</a> holds the ASC media hash list.</footer>\n'
        "</main></body></html>\n"
    )


def _section(title: str, body: str, kind: str = "") -> str:
    inner = f'<div class="{kind}">{body}</div>' if kind else body
    return f"<section><h2>{title}</h2>{inner}</section>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(block)}</p>" for block in re.split(r"\n\s*\n", text) if block.strip())


def _stills(stills: Mapping[str, str]) -> str:
    rows = [
        f'<figure><a href="{escape(path)}"><img loading="lazy" src="{escape(path)}" alt="{escape(shot)}"></a>'
        f"<figcaption>{escape(shot)}</figcaption></figure>"
        for shot, path in stills.items()
    ]
    return f'<div class="stills">{"".join(rows)}</div>'


def _cast(cast: Iterable[Mapping[str, Any]]) -> str:
    cards = []
    for member in cast:
        traits = (member.get("attributes") or {}).items()
        attributes = ", ".join(f"{_words(name)} {value}" for name, value in traits)
        wardrobe = ", ".join(str(rule) for rule in member.get("wardrobeRules") or ())
        lines = [attributes, f"Wardrobe: {wardrobe}" if wardrobe else ""]
        told = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
        cards.append(f'<div class="card"><h3>{escape(str(member.get("name", "")))}</h3>{told}</div>')
    return "".join(cards)


def _words(name: str) -> str:
    """hairColor -> hair color"""
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: f" {match[1].lower()}", name)


def _look(bible: Mapping[str, Any]) -> str:
    rules = bible.get("globalRules") or {}
    colours = [str(colour) for colour in rules.get("colorPalette") or bible.get("palette") or ()]
    swatches = "".join(
        f'<div class="swatch"><i style="background:{colour}"></i>{colour}</div>'
        for colour in colours
        if _COLOUR.fullmatch(colour)
    )
    named = [
        ("Always in the picture", rules.get("requiredElements")),
        ("Never in the picture", rules.get("bannedElements")),
    ]
    named += [(str(who.get("name", "")), who.get("lightingRules")) for who in bible.get("characters") or ()]
    rows = [(name, ", ".join(str(value) for value in values)) for name, values in named if values]
    return (f'<div class="swatches">{swatches}</div>' if swatches else "") + (_rows(rows) if rows else "")


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"
