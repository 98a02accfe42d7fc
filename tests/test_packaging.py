"""The wheel works when it is installed alone: its themes, catalogues and man page come along."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from wptui import __version__, i18n, paths

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.xdist_group("packaging")  # built and installed once, not once a worker


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """The output of *command*, which must succeed."""
    # Whatever path the tests themselves were started with must not stand in for what is installed.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=inherited | environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a distribution would build it: from the unpacked source archive, without the checkout."""
    folder = tmp_path_factory.mktemp("build")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (archive,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder)
    source = folder / archive.name.removesuffix(".tar.gz")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=source)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a new environment with nothing of ours but the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True, symlinks=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder)
    # The libraries wptui needs are taken from where this test runs; a .pth line comes after the wheel's own
    # folder, and editable installs over there are not followed.
    (site,) = folder.glob("lib/python*/site-packages") if os.name != "nt" else [folder / "Lib/site-packages"]
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n" + sysconfig.get_path("platlib") + "\n")
    return programs


def test_what_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        metadata = Parser().parsestr(file.read(f"wptui-{__version__}.dist-info/METADATA").decode())
    themes = {f"wptui/themes/{path.name}" for path in (ROOT / "themes").glob("*.toml")}
    catalogues = {f"wptui/locale/{code}/LC_MESSAGES/wptui.mo" for code in i18n.LANGUAGES[1:]}
    assert themes and themes <= names
    assert catalogues <= names
    assert "wptui/py.typed" in names
    assert f"wptui-{__version__}.data/data/share/man/man1/wptui.1" in names
    assert not {name for name in names if name.startswith(("tests/", "bench/", "tools/", "docs/"))}
    assert not {name for name in names if name.endswith((".pyc", ".po", ".gitkeep"))}
    assert metadata["License-Expression"] == "MIT" and metadata["Requires-Python"] == ">=3.11"


def test_it_runs_alone(installed: Path, tmp_path: Path) -> None:
    assert run(installed / "wptui", "--version", cwd=tmp_path) == f"wptui {__version__}\n"
    assert run(installed / "wptui", "--lang", "tr", "--help", cwd=tmp_path).startswith("Kullanım:")
    where = run(installed / "python", "-c", "import wptui; print(wptui.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_it_finds_what_came_along(installed: Path, tmp_path: Path) -> None:
    program = "from wptui import paths; print(*sorted(p.name for p in paths.bundled_themes_dir().glob('*.toml')))"
    found = run(installed / "python", "-c", program, cwd=tmp_path).split()
    assert found == sorted(path.name for path in paths.bundled_themes_dir().glob("*.toml"))
    done = subprocess.run(
        [installed / "wptui", "doctor", "--json"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    packaged = {f["id"]: f["status"] for f in json.loads(done.stdout)["findings"] if f["id"].startswith("packaged")}
    assert packaged == {"packaged.themes": "ok", "packaged.languages": "ok"}


def test_no_file_of_ours_names_a_private_index_or_machine() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = {word.split("/")[2] for word in lock.replace('"', " ").split() if "://" in word}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
