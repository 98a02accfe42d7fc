"""Text from outside, made safe once; and the fold by which text is searched.

`safe` is the one boundary of DESIGN.md §7: everything a customer, a colleague's phone or Meta wrote goes
through it before it becomes an event. What it removes is still in the stored webhook body.
"""

from __future__ import annotations

import re
import unicodedata

# C0 without \n (kept) and \t (widened below) become their visible control pictures; C1 has none.
_CONTROLS: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20) if code != 0x0A}
_CONTROLS[0x7F] = "␡"
_CONTROLS.update(dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}"))
_CONTROLS[0x09] = "    "
_CONTROLS.update(dict.fromkeys((0x2028, 0x2029), "\n"))
# Embeddings, overrides and isolates reorder what stands around them; the rest is invisible and hides text.
_CONTROLS.update(dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), None))
_CONTROLS.update(dict.fromkeys((0x061C, 0x180E, 0xFEFF, *range(0x2060, 0x2066), *range(0x206A, 0x2070)), None))
_CONTROLS.update(dict.fromkeys(range(0xFFF9, 0xFFFC), None))
_CONTROLS.update(dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"))

_UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u180e\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{1,6}\U000e007f")
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{8})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def safe(text: str) -> str:
    """`text` with everything a terminal could obey made visible or taken out; line breaks are kept.

    Control characters become their pictures (␛), C1 and lone surrogates U+FFFD, CR and the Unicode line
    separators line breaks, a tab four spaces; bidi overrides, invisible operators and tag characters
    outside a flag go. Combining marks beyond eight in a row go too. Never raises; `safe(safe(x)) == safe(x)`.
    """
    if text.isascii() and text.isprintable():
        return text
    if _UNSAFE.search(text):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _TAGS.search(text):
            text = _strip_tags(text)
        text = text.translate(_CONTROLS)
    return _MARKS.sub(r"\1", text)


def _strip_tags(text: str) -> str:
    kept: list[str] = []
    end = 0
    for flag in _FLAG.finditer(text):
        kept += (_TAGS.sub("", text[end : flag.start()]), flag.group())
        end = flag.end()
    kept.append(_TAGS.sub("", text[end:]))
    return "".join(kept)


def safe_line(text: str, limit: int = 0) -> str:
    """`safe` on one line: every run of white space becomes one space; clipped to `limit` characters with "…"."""
    line = " ".join(safe(text).split())
    if limit and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


# İ and I both reach "i", as does ı: a customer types "isik" for "ışık" and finds it.
_TURKISH = str.maketrans({"İ": "i", "I": "i", "ı": "i", "Ø": "o", "ø": "o", "Ł": "l", "ł": "l", "Đ": "d", "đ": "d"})


def fold(text: str) -> str:
    """`text` as it is indexed and asked for: Turkish letters and accents folded to their base, lower case.

    "ışık" → "isik", "İSTANBUL" → "istanbul", NFC and NFD alike. Applied to both sides of every comparison.
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.translate(_TURKISH)).casefold()
    text = "".join(char for char in text if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", text.translate(_TURKISH))
