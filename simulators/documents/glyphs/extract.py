"""Write the outlines in this directory from Debian's fonts; needs fontTools, run by hand.

    python simulators/documents/glyphs/extract.py

`ocrb.json` comes from the package fonts-ocr-b (OCRB.otf: Norbert Schwarz's OCR-B, "You may
freely use, modify and/or distribute this file, without limitation", compiled by Matthew Skala
into the public domain; /usr/share/doc/fonts-ocr-b/copyright). `sans.json` comes from
fonts-dejavu (DejaVuSansCondensed.ttf; Bitstream Vera licence, kept in the file, which asks that
what is taken from the font bears another name: ours is "sans"). The program that renders them
needs neither font nor fontTools.
"""

import json
from pathlib import Path
from typing import Any

_FONTS = Path("/usr/share/fonts")
_HERE = Path(__file__).parent
_OCRB_TEXT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
_SANS_TEXT = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA1, 0x100), 0x2013, 0x2014, 0x2019]))
_OCRB_ORIGIN = (
    "OCR-B: copyright 1995, 2010 Norbert Schwarz, who permits use, modification and distribution "
    "without limitation; OpenType by Matthew Skala, 2012, released to the public domain. Debian "
    "package fonts-ocr-b, OCRB.otf."
)


def main() -> None:
    """Write both files."""
    _write("ocrb.json", _FONTS / "opentype/ocr-b/OCRB.otf", _OCRB_TEXT, _OCRB_ORIGIN)
    _write("sans.json", _FONTS / "truetype/dejavu/DejaVuSansCondensed.ttf", _SANS_TEXT, None)


def _write(name: str, source: Path, text: str, origin: str | None) -> None:
    from fontTools.pens.boundsPen import BoundsPen  # type: ignore[import-not-found]
    from fontTools.pens.svgPathPen import SVGPathPen  # type: ignore[import-not-found]
    from fontTools.pens.transformPen import TransformPen  # type: ignore[import-not-found]
    from fontTools.ttLib import TTFont  # type: ignore[import-not-found]

    font: Any = TTFont(source)
    glyphs, names = font.getGlyphSet(), font.getBestCmap()
    scale = 1000 / font["head"].unitsPerEm
    outlines = {}
    for character in text:
        glyph = glyphs[names[ord(character)]]
        pen = SVGPathPen(glyphs, ntos=lambda number: str(round(number)))
        glyph.draw(TransformPen(pen, (scale, 0, 0, scale, 0, 0)))
        outlines[character] = [round(glyph.width * scale), pen.getCommands()]
    bounds = BoundsPen(glyphs)
    glyphs[names[ord("H")]].draw(bounds)
    file = {
        "origin": origin or _notice(font),
        "units": "1/1000 em, y up; a glyph is its advance and its outline as an SVG path",
        "cap_height": round(bounds.bounds[3] * scale),
        "glyphs": outlines,
    }
    lines = json.dumps(file, ensure_ascii=False, indent=0)
    (_HERE / name).write_text(lines + "\n", "utf-8")


def _notice(font: Any) -> str:
    licence = next(str(r) for r in font["name"].names if r.nameID == 13 and r.platformID == 3)
    return f"Taken from DejaVu Sans Condensed. {licence}"


if __name__ == "__main__":
    main()
