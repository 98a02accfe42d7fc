"""Small valid files for customers to send, made here: pictures, a voice note, a document, a sticker.

Each is a function of its arguments alone, so equal seeds give equal bytes.
"""

from __future__ import annotations

import struct
import zlib
from random import Random

Colour = tuple[int, int, int]


def _tiles(dice: Random, across: int, down: int) -> list[list[Colour]]:
    """A picture of *down* × *across* coloured tiles: a gradient between two colours, with some noise."""
    start, end = ([dice.randrange(256) for _ in range(3)] for _ in range(2))
    picture: list[list[Colour]] = []
    for y in range(down):
        row: list[Colour] = []
        for x in range(across):
            t = (x + y) / max(1, across + down - 2)
            row.append(_colour(a + (b - a) * t + dice.randrange(-18, 19) for a, b in zip(start, end, strict=True)))
        picture.append(row)
    return picture


def _colour(parts: object) -> Colour:
    red, green, blue = (max(0, min(255, round(part))) for part in parts)  # type: ignore[attr-defined]
    return red, green, blue


def png(dice: Random, width: int = 320, height: int = 240, tile: int = 16) -> bytes:
    """A PNG picture of coloured tiles."""
    picture = _tiles(dice, -(-width // tile), -(-height // tile))
    rows = bytearray()
    for y in range(height):
        rows.append(0)  # filter: none
        for x in range(width):
            rows += bytes(picture[y // tile][x // tile])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    image = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + image


# -- JPEG: one brightness and two colour values per 8×8 block ("DC only"), all that a picture of tiles needs

# How many Huffman codes there are of each length 1…16 for the size category of a DC value (0…11), after the
# standard's table for luminance; and a table with the one AC symbol used, "end of block".
_DC_LENGTHS = bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
_DC_CODES = [
    "00",
    "010",
    "011",
    "100",
    "101",
    "110",
    "1110",
    "11110",
    "111110",
    "1111110",
    "11111110",
    "111111110",
]
_AC_LENGTHS = bytes([1] + [0] * 15)
_END_OF_BLOCK = "0"


def _dc(difference: int) -> str:
    """The bits of one DC value, written as the *difference* to the block before it."""
    size = abs(difference).bit_length()
    value = difference if difference >= 0 else difference + (1 << size) - 1
    return _DC_CODES[size] + (f"{value:0{size}b}" if size else "") + _END_OF_BLOCK


def jpeg(dice: Random, across: int = 40, down: int = 30) -> bytes:
    """A baseline JPEG of *across* × *down* tiles of 8×8 pixels."""
    bits: list[str] = []
    before = [0, 0, 0]
    for row in _tiles(dice, across, down):
        for red, green, blue in row:
            values = (
                0.299 * red + 0.587 * green + 0.114 * blue - 128,
                -0.168736 * red - 0.331264 * green + 0.5 * blue,
                0.5 * red - 0.418688 * green - 0.081312 * blue,
            )
            for i, value in enumerate(values):
                level = round(value)  # DC = 8 × mean; with 8 as the quantum the level itself is stored
                bits.append(_dc(level - before[i]))
                before[i] = level
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    scan = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")

    def segment(marker: int, data: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

    frame = struct.pack(">BHHB", 8, down * 8, across * 8, 3) + bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\x00" + bytes([1, 1, 0, 0, 1, 0, 1, 0, 0])),
            segment(0xDB, bytes([0]) + bytes([8] * 64)),
            segment(0xC0, frame),
            segment(0xC4, bytes([0x00]) + _DC_LENGTHS + bytes(range(12))),
            segment(0xC4, bytes([0x10]) + _AC_LENGTHS + bytes([0])),
            segment(0xDA, bytes([3, 1, 0x00, 2, 0x00, 3, 0x00, 0, 63, 0])),
            scan,
            b"\xff\xd9",
        )
    )


# -- Ogg Opus


def _ogg_crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1
        crc &= 0xFFFFFFFF
    return crc


def _ogg_page(kind: int, granule: int, serial: int, number: int, packets: list[bytes]) -> bytes:
    lacing = b"".join(bytes([255] * (len(p) // 255) + [len(p) % 255]) for p in packets)
    head = struct.pack("<4sBBqII", b"OggS", 0, kind, granule, serial, number)
    tail = bytes([len(lacing)]) + lacing + b"".join(packets)
    crc = _ogg_crc(head + b"\x00\x00\x00\x00" + tail)
    return head + struct.pack("<I", crc) + tail


def voice(seconds: int = 3) -> bytes:
    """A voice note of *seconds* (1–60) of silence: Opus in Ogg, as WhatsApp records."""
    serial = 0x77707475
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 312, 48000, 0, 0)
    vendor = b"wptui sandbox"
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [_ogg_page(2, 0, serial, 0, [head]), _ogg_page(0, 0, serial, 1, [tags])]
    for second in range(seconds):
        last = second == seconds - 1
        # 50 frames of 20 ms, each a coded silence.
        pages.append(_ogg_page(4 if last else 0, (second + 1) * 48000, serial, second + 2, [b"\xf8\xff\xfe"] * 50))
    return b"".join(pages)


def pdf(title: str) -> bytes:
    """A one-page PDF that says *title*; letters outside ASCII become "?" (the built-in font has no more)."""
    text = title.encode("ascii", "replace").replace(b"\\", b"").replace(b"(", b"[").replace(b")", b"]")
    content = b"BT /F1 20 Tf 60 760 Td (" + text + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def webp(dice: Random, size: int = 512) -> bytes:
    """A square sticker of one colour.

    Lossless WebP whose five codes have one symbol each, so that the pixels cost no bits at all.
    """
    bits = 0
    position = 0

    def write(value: int, width: int) -> None:
        nonlocal bits, position
        bits |= value << position
        position += width

    write(size - 1, 14)
    write(size - 1, 14)
    write(1, 1)  # alpha is used
    write(0, 3)  # version
    write(0, 1)  # no transform
    write(0, 1)  # no colour cache
    write(0, 1)  # one group of codes
    for symbol in (
        dice.randrange(256),
        dice.randrange(256),
        dice.randrange(256),
        255,
    ):  # green, red, blue, alpha
        write(1, 1)  # simple code
        write(0, 1)  # of one symbol
        write(1, 1)  # of eight bits
        write(symbol, 8)
    write(1, 1)
    write(0, 1)
    write(0, 1)  # a symbol of one bit: the distance code, never used
    write(0, 1)
    data = b"\x2f" + bits.to_bytes((position + 7) // 8, "little")
    padded = data + b"\x00" * (len(data) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + padded
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
