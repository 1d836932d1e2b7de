"""Archives as doors: what would write outside, hide, lie about its size or stop half way is refused before anything is kept."""

from __future__ import annotations

import gzip
import json
import shutil
import stat
import struct
import zipfile
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import openpyxl
import py7zr
import pytest

from orchestration.cli.run import RESERVE_BYTES, NoSpaceError, check_space
from tests.unit.cli_runner import entrepot
from tests.unit.ingest_cases import CUT_HEADER, cut, flows, ingest
from transforms.io.archives import BadFileError, member_names, open_stream
from transforms.io.snapshot import take_snapshot
from transforms.io.snapshot_store import live_snapshots
from transforms.io.texts import open_text
from transforms.settings import Settings
from transforms.sources.parse import parse_snapshot

TEXT = CUT_HEADER + cut()
#: Rows that differ, so that no packer makes much of them: 2.7 MB.
MANY = CUT_HEADER + "".join(
    cut(value=str(n * 7919 % 1_000_003), partner=str(100 + n % 800), product=f"{n % 9999:04d}") for n in range(60_000)
)
BOMB = (CUT_HEADER + cut()).encode() + cut().encode() * 2_500_000


def zipped(target: Path, members: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name) if ".." in name or "\\" in name else name, content, method)
    return target


def refusal(tmp_path: Path, path: Path, **limits: int) -> str:
    """The text of the refusal; nothing of the file is in the home, nothing new beside it."""
    home, before = tmp_path / "home", sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(BadFileError) as caught:
        take_snapshot(path, replace(Settings(home=home), **limits))  # type: ignore[arg-type]
    assert not (home / "snapshots").exists() and sorted(p.name for p in tmp_path.iterdir()) == before
    return str(caught.value)


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.csv",
        "a/../../evil.csv",
        "a/b/..",
        "/etc/evil.csv",
        "//server/share/evil.csv",
        "..\\evil.csv",
        "a\\..\\..\\evil.csv",
        "\\evil.csv",
        "C:\\evil.csv",
        "C:/evil.csv",
        "c:evil.csv",
        "a.csv:stream",
    ],
)
def test_names_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", {"good.csv": TEXT, name: TEXT})
    said = refusal(tmp_path, path)
    assert said == f"a.zip: member {name!r} would leave its folder; the archive is refused"
    assert not list(tmp_path.parent.glob("evil*"))


def test_dots_inside_a_name_are_no_way_out(tmp_path: Path) -> None:
    assert member_names(zipped(tmp_path / "a.zip", {"..a/b..c.csv": TEXT})) == ("..a/b..c.csv",)


def test_links(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("link.csv")
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    said = refusal(tmp_path, tmp_path / "a.zip")
    assert said == "a.zip: member 'link.csv' is a link; the archive is refused"


def test_two_members_of_one_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", CUT_HEADER + cut(value="999"))
    assert refusal(tmp_path, tmp_path / "a.zip") == "a.zip: holds two members of one name; the archive is refused"


def test_a_directory_that_names_a_member_otherwise_than_it_names_itself(tmp_path: Path) -> None:
    raw = zipped(tmp_path / "a.zip", {"aaaa.csv": TEXT}, zipfile.ZIP_STORED).read_bytes()
    (tmp_path / "a.zip").write_bytes(raw.replace(b"aaaa.csv", b"bbbb.csv", 1))
    assert "a.zip: aaaa.csv: the archive is damaged" in refusal(tmp_path, tmp_path / "a.zip")


# --- encrypted ----------------------------------------------------------------------------------


def test_encrypted_zip(tmp_path: Path) -> None:
    raw = bytearray(zipped(tmp_path / "a.zip", {"a.csv": TEXT}).read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + place] |= 1
    (tmp_path / "a.zip").write_bytes(raw)
    assert refusal(tmp_path, tmp_path / "a.zip") == "a.zip: member 'a.csv' is encrypted; unpack it yourself and hand over the file"


def test_a_method_of_packing_that_isnt_read(tmp_path: Path) -> None:
    raw = bytearray(zipped(tmp_path / "a.zip", {"a.csv": TEXT}).read_bytes())
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        raw[raw.index(signature) + place] = 9  # Deflate64, which Windows writes for large files
    (tmp_path / "a.zip").write_bytes(raw)
    assert "a.zip: a.csv: " in refusal(tmp_path, tmp_path / "a.zip")


def test_encrypted_7z(tmp_path: Path) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w", password="x") as archive:
        archive.writestr(TEXT, "a.csv")
    assert refusal(tmp_path, tmp_path / "a.7z") == "a.7z: is encrypted; unpack it yourself and hand over the file"


# --- bombs --------------------------------------------------------------------------------------


def forged(path: Path, size: int) -> None:
    """The zip's declared size of its only member, in both places, made ``size``."""
    raw = bytearray(path.read_bytes())
    struct.pack_into("<I", raw, raw.index(b"PK\x03\x04") + 22, size)
    struct.pack_into("<I", raw, raw.rindex(b"PK\x01\x02") + 24, size)
    path.write_bytes(raw)


def test_a_zip_bomb_with_its_size_declared(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": BOMB})
    assert path.stat().st_size < 600_000 and len(BOMB) > 64 << 20
    assert refusal(tmp_path, path).startswith("a.zip: a.csv: unpacks to more than 67,108,864 bytes; raise maximum_unpacked_bytes")


@pytest.mark.parametrize("size", [len(TEXT), 0])
def test_a_zip_bomb_that_says_it_is_small(tmp_path: Path, size: int) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": BOMB})
    forged(path, size)
    assert refusal(tmp_path, path).startswith("a.zip: a.csv: ")


def test_a_zip_that_says_more_than_it_holds_is_whole_by_its_checksum(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": TEXT})
    forged(path, 1 << 30)
    with open_stream(path, "a.csv") as stream:
        assert stream.read() == TEXT.encode()


def test_a_gzip_bomb_and_one_whose_trailer_lies(tmp_path: Path) -> None:
    raw = gzip.compress(BOMB)
    (tmp_path / "a.csv.gz").write_bytes(raw)
    assert refusal(tmp_path, tmp_path / "a.csv.gz").startswith("a.csv.gz: unpacks to more than 67,108,864 bytes")
    (tmp_path / "a.csv.gz").write_bytes(raw[:-4] + struct.pack("<I", 100))
    assert refusal(tmp_path, tmp_path / "a.csv.gz").startswith("a.csv.gz: unpacks to more than 67,108,864 bytes")
    short = gzip.compress(TEXT.encode())
    (tmp_path / "a.csv.gz").write_bytes(short[:-4] + struct.pack("<I", 7))
    assert "the archive is damaged (Incorrect length of data produced)" in refusal(tmp_path, tmp_path / "a.csv.gz")


def test_a_gzip_of_bombs_in_many_members_is_counted_as_one(tmp_path: Path) -> None:
    part = gzip.compress(BOMB[: 8 << 20])
    (tmp_path / "a.csv.gz").write_bytes(part * 9)
    assert refusal(tmp_path, tmp_path / "a.csv.gz").startswith("a.csv.gz: unpacks to more than 67,108,864 bytes")


def test_a_gzip_in_a_zip_is_counted_through_both(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv.gz": gzip.compress(BOMB)})
    assert refusal(tmp_path, path).startswith("a.zip: a.csv.gz: unpacks to more than 67,108,864 bytes")
    twice = zipped(tmp_path / "b.zip", {"a.csv.gz": gzip.compress(bytes(200 << 20), 9)})
    assert refusal(tmp_path, twice).startswith("b.zip: a.csv.gz: ")
    good = zipped(tmp_path / "c.zip", {"a.csv.gz": gzip.compress(TEXT.encode())})
    with open_text(good, "a.csv.gz") as stream:
        assert stream.read() == TEXT.encode()


def test_a_7z_bomb(tmp_path: Path) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.writestr(BOMB, "a.csv")
    assert refusal(tmp_path, tmp_path / "a.7z").startswith(f"a.7z: a.csv: unpacks to {len(BOMB):,} bytes, more than 67,108,864; raise")


def test_a_workbook_bomb_declared_and_forged(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["HS 2022", "HS 2017"])  # type: ignore[union-attr]
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/big.bin", bytes(70 << 20))
    assert "a.xlsx: unpacks to 73," in refusal(tmp_path, tmp_path / "a.xlsx")
    raw = bytearray((tmp_path / "a.xlsx").read_bytes())
    place = raw.index(b"xl/worksheets/sheet1.xml", raw.rindex(b"PK\x01\x02") - 4000)
    struct.pack_into("<I", raw, place - 46 + 24, 10)
    (tmp_path / "b.xlsx").write_bytes(raw)
    assert refusal(tmp_path, tmp_path / "b.xlsx").startswith("b.xlsx: ")


def test_limits_are_settings(tmp_path: Path, home: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": MANY})
    assert "more than 1,000,000 bytes" in refusal(tmp_path, path, maximum_unpacked_bytes=1_000_000)
    (taken,) = take_snapshot(path, replace(Settings(home=home), maximum_unpacked_bytes=len(MANY)))
    assert taken.members == ("a.csv",)


# --- cut off ------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97, 0.9999])
@pytest.mark.parametrize("form", ["zip", "gz", "7z"])
def test_a_download_cut_off(tmp_path: Path, form: str, share: float) -> None:
    path = tmp_path / f"a.csv.{form}"
    if form == "zip":
        zipped(path, {"a.csv": MANY, "b.csv": MANY})
    elif form == "gz":
        path.write_bytes(gzip.compress(MANY.encode()))
    else:
        with py7zr.SevenZipFile(path, "w") as archive:
            archive.writestr(MANY, "a.csv")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    assert "cut off" in (said := refusal(tmp_path, path)) and said.startswith(path.name) and said.endswith("Fetch it again.")


def test_a_member_whose_bytes_were_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": MANY}, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    place = raw.index(b",P,", len(raw) // 2)
    raw[place + 1] = ord("Q")
    path.write_bytes(raw)
    assert refusal(tmp_path, path) == "a.zip: a.csv: the archive is damaged (Bad CRC-32 for file 'a.csv'). Fetch it again."


def test_a_page_of_the_server_named_as_an_archive(tmp_path: Path) -> None:
    for name, said in (("a.zip", "zip"), ("a.csv.gz", "gzip"), ("a.7z", "7z"), ("a.xlsx", "xlsx")):
        (tmp_path / name).write_text("<!DOCTYPE html><html>503 Service Unavailable</html>", "utf-8")
        assert refusal(tmp_path, tmp_path / name) == (
            f"{name}: is named .{name.rpartition('.')[2]} but is no {said} file (or an empty one). Rename it, or fetch it again."
        )


# --- large and empty ----------------------------------------------------------------------------


TEN_THOUSAND: dict[str, str | bytes] = {f"p/{n:05d}.csv": CUT_HEADER + cut(value=str(n + 1)) for n in range(10_000)}


def test_the_names_in_a_zip_of_ten_thousand_members(tmp_path: Path) -> None:
    names = member_names(zipped(tmp_path / "a.zip", TEN_THOUSAND))
    assert (len(names), names[0], names[-1]) == (10_000, "p/00000.csv", "p/09999.csv")


@pytest.mark.timeout(60)
def test_a_zip_of_many_members_has_its_directory_read_once(tmp_path: Path, home: Path) -> None:
    some = dict(list(TEN_THOUSAND.items())[:1_000])
    (taken,) = take_snapshot(zipped(tmp_path / "a.zip", some), Settings(home=home))
    assert len(taken.members) == 1_000


def test_a_zip64(tmp_path: Path, home: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w", force_zip64=True) as member:
        member.write(TEXT.encode())
    raw = (tmp_path / "a.zip").read_bytes()
    assert struct.unpack_from("<H", raw, 4)[0] == 45  # the version a zip64 asks for
    ingest(home, tmp_path / "a.zip")
    assert [(f["partner_code"], int(f["reported_value_usd"])) for f in flows(home)] == [("156", 5)]  # type: ignore[call-overload]


def test_a_zip64_of_more_members_than_the_old_count_holds(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for n in range(65_600):
            archive.writestr(f"{n}.pdf", b"")
        archive.writestr("a.csv", TEXT)
    assert len(member_names(tmp_path / "a.zip")) == 65_601


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "a.zip: is named .zip but is no zip file (or an empty one). Rename it, or fetch it again."),
        ({"paper.pdf": b"%PDF"}, "a.zip: holds no data file (paper.pdf)"),
        ({"inner.zip": b"PK\x05\x06" + bytes(18)}, "a.zip: holds no data file (inner.zip)"),
        ({"a.csv": ""}, "a.zip: a.csv: the file is empty"),
        ({"a.csv": CUT_HEADER}, "a.zip: a.csv: has a header and no rows; an empty answer is not taken for data"),
    ],
)
def test_archives_of_nothing(tmp_path: Path, members: dict[str, str | bytes], said: str) -> None:
    assert refusal(tmp_path, zipped(tmp_path / "a.zip", members)) == said


def test_a_member_is_streamed_and_nothing_is_written(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"d/a.csv": MANY})
    with open_stream(path, "d/a.csv") as stream:
        assert stream.read(20) == MANY[:20].encode()
        assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


# --- space --------------------------------------------------------------------------------------

_Usage = namedtuple("_Usage", "total used free")


def test_free_space_is_looked_at_before_anything_is_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, data = tmp_path / "home", tmp_path / "a.csv"
    data.write_text(MANY, "utf-8")
    needed = 4 * data.stat().st_size + RESERVE_BYTES
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(0, 0, needed - 1))
    done = entrepot(capsys, home, "run", str(data))
    assert done.code == 1
    assert "free, this run needs about" in done.err and "nothing was changed" in done.err
    assert not (home / "snapshots").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(0, 0, needed))
    check_space(Settings(home=home), 4 * data.stat().st_size)
    with pytest.raises(NoSpaceError, match=r"needs about 64\.0 MiB"):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(0, 0, RESERVE_BYTES - 1))
        check_space(Settings(home=home), 0)


def test_limits_raised_in_settings_hold_while_the_file_is_parsed(tmp_path: Path, home: Path) -> None:
    many = CUT_HEADER + cut(value="1") + "\n" * (96 << 20)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(many.encode(), 9))
    raised = replace(Settings(home=home), maximum_unpack_ratio=1 << 20)
    (taken,) = take_snapshot(path, raised)
    (live,) = live_snapshots(raised)
    assert parse_snapshot(home, live, taken.members[0]).rows_in == 1
    (strict,) = live_snapshots(Settings(home=home))
    shutil.rmtree(home / "build")
    with pytest.raises(BadFileError, match="raise maximum_unpacked_bytes or maximum_unpack_ratio"):
        parse_snapshot(home, strict, taken.members[0])


def test_a_record_holds_what_is_declared_and_no_limits(capsys: pytest.CaptureFixture[str], tmp_path: Path, home: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TEXT, "utf-8")
    (taken,) = take_snapshot(path, Settings(home=home))
    record = home / "snapshots" / taken.snapshot_id / "snapshot.json"
    assert sorted(json.loads(record.read_text("utf-8"))) == [
        "attribution",
        "coverage",
        "edition",
        "file_bytes",
        "file_name",
        "header_extras",
        "is_synthetic",
        "kind",
        "layout",
        "licence",
        "members",
        "redistribution",
        "sha256",
        "snapshot_id",
        "source",
        "source_release",
        "taken_at",
    ]
    (told,) = json.loads(entrepot(capsys, home, "sources", "--json").out)
    assert "unpack_limits" not in told and told["layout"] == taken.layout
    record.write_text(json.dumps({**json.loads(record.read_text("utf-8")), "limits": None}), "utf-8")
    assert live_snapshots(Settings(home=home)) == [taken]
