"""`wptui contact` and `wptui link` as scripts meet them: real processes, a real relay."""

from __future__ import annotations

from pathlib import Path

from tests.cli.shell import wptui
from tests.cli.test_line import Shop, shop
from wptui.qr import drawn

__all__ = ["shop"]


async def test_a_profile_from_the_shell(shop: Shop) -> None:
    done = await wptui("contact", "edit", "ayse", "--name", "Ayşe Hanım", "--set", "city=İzmir", "--json")
    assert done.code == 0 and done.json["status"] == "done", done.err
    shown = (await wptui("contact", "show", "ayse", "--json")).json["contact"]
    assert (shown["book_name"], shown["attributes"], len(shown["requests"])) == ("Ayşe Hanım", {"city": "İzmir"}, 1)
    assert (await wptui("contact", "opt", "ayse", "out")).code == 0
    text = (await wptui("contact", "show", "ayse", "--offline")).out
    assert "city: İzmir" in text and "Does not want marketing messages." in text
    blocked = await wptui("contact", "block", "mehmet")
    assert blocked.code == 0 and shop.sandbox.world.customers["mehmet"].blocked
    refused = await wptui("reply", "mehmet", "merhaba", "--json")
    assert refused.json["error"]["code"] == "blocked"
    assert (await wptui("contact", "unblock", "mehmet")).code == 0
    assert (await wptui("contact", "show", "nobody-here", "--offline")).code == 2


async def test_merge_and_split_from_the_shell(shop: Shop) -> None:
    assert (await wptui("contact", "merge", "mehmet", "ayse")).code == 0
    assert len((await wptui("contact", "list", "--json")).json["contacts"]) == 1
    assert (await wptui("contact", "split", "ayse")).code == 0
    assert len((await wptui("contact", "list", "--json")).json["contacts"]) == 2
    assert (await wptui("contact", "split", "ayse", "--offline")).code == 2


async def test_an_address_list_in_and_out(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "liste.csv"
    lines = ["Ad;Cep;Beden", *(f"Kişi {n};0555123{n:04d};M" for n in range(230)), "Kötü;12;L"]
    file.write_text("\n".join(lines), "cp1254")
    preview = await wptui("contact", "import", str(file), "--preview")
    assert "230 contacts can be imported." in preview.out and "Line 232, Cep" in preview.err
    for _again in range(2):
        done = await wptui("contact", "import", str(file), "--json")
        assert done.code == 0 and done.json["imported"] == 230, done.err
    out = tmp_path / "out.csv"
    assert (await wptui("contact", "export", str(out))).code == 0
    written = out.read_text("utf-8-sig").splitlines()
    assert written[0] == "phone,name,remark,consent,Beden" and len(written) == 1 + 230 + 2
    assert "+905551230007,Kişi 7,,,M" in written


async def test_a_link_with_its_code(shop: Shop, tmp_path: Path) -> None:
    assert (await wptui("list")).code == 0  # our numbers are known from then on
    linked = await wptui("link", "--campaign", "KIŞ24", "--text", "Merhaba", "--json")
    assert linked.json["text"] == "Merhaba KIŞ24"
    assert linked.json["link"].endswith("?text=Merhaba%20KI%C5%9E24")
    printed = await wptui("link", "+905551234567")
    link, *code = printed.out.splitlines()
    assert link == "https://wa.me/905551234567" and code in (drawn(link), drawn(link, ascii_only=True))
    for name, begins in (("a.svg", b"<?xml"), ("a.png", b"\x89PNG")):
        assert (await wptui("link", "+905551234567", "--qr", str(tmp_path / name))).code == 0
        assert (tmp_path / name).read_bytes().startswith(begins)
    assert (await wptui("link", "12")).code == 2
    assert (await wptui("link", "+905551234567", "--qr", "a.gif")).code == 2
