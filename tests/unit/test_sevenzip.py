"""7z archives as streams: exact bytes, names refused, damage told, nothing left running or on disk."""

from __future__ import annotations

import random
import resource
import threading
import zlib
from pathlib import Path

import py7zr
import pytest

from transforms.io.archives import BadFileError
from transforms.io.sevenzip import members_7z, open_7z

NOISE = random.Random(7).randbytes(700_000)
TABLE = b"DECLARANT,PARTNER,PRODUCT_NC,FLOW\n" + b"DE,VN,03046200,1\n" * 200_000
LIMITS = {"maximum_bytes": 1 << 30, "maximum_ratio": 200}


def packed(target: Path, members: dict[str, bytes], is_plain: bool = False, **options: object) -> Path:
    with py7zr.SevenZipFile(target, "w", **options) as archive:  # type: ignore[arg-type]
        archive.set_encoded_header_mode(not is_plain)
        for name, data in members.items():
            archive.writestr(data, name)
    return target


def refusal(path: Path, member: str, **limits: int) -> str:
    with pytest.raises(BadFileError) as caught, open_7z(path, member, **{**LIMITS, **limits}) as stream:
        stream.read()
    return str(caught.value)


@pytest.mark.parametrize(
    "filters",
    [
        None,
        [{"id": py7zr.FILTER_LZMA2, "preset": 6}],
        [{"id": py7zr.FILTER_LZMA}],
        [{"id": py7zr.FILTER_BZIP2}],
        [{"id": py7zr.FILTER_DEFLATE}],
        [{"id": py7zr.FILTER_COPY}],
        [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
    ],
    ids=["default", "lzma2", "lzma", "bzip2", "deflate", "copy", "delta"],
)
def test_members_come_back_byte_for_byte(tmp_path: Path, filters: object) -> None:
    members = {"full202401.dat": NOISE + TABLE, "sub/empty.dat": b"", "sub/full202402.dat": TABLE + NOISE}
    path = packed(tmp_path / "a.7z", members, filters=filters)
    with py7zr.SevenZipFile(path, "a") as archive:  # a second folder of packed data
        archive.writestr(b"third\n", "third.dat")
    members["third.dat"] = b"third\n"
    before = sorted(p.name for p in tmp_path.iterdir())
    assert members_7z(path) == ("full202401.dat", "sub/empty.dat", "sub/full202402.dat", "third.dat")
    for name, data in members.items():
        with open_7z(path, name, **LIMITS) as stream:
            assert stream.read(10) == data[:10]
            assert stream.read() == data[10:]
            assert stream.read() == b""
    assert sorted(p.name for p in tmp_path.iterdir()) == before == ["a.7z"]


@pytest.mark.parametrize("name", ["/etc/x.dat", "../x.dat", "a/../../x.dat", "..\\x.dat", "C:\\x.dat", "c:x.dat"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "a.7z", {"n" * len(name): b"1"}, is_plain=True)
    forge(path, utf16("n" * len(name)), utf16(name))
    with pytest.raises(BadFileError, match=r"would leave its folder; the archive is refused"):
        members_7z(path)
    assert "would leave its folder" in refusal(path, name)


def forge(path: Path, old: bytes, new: bytes) -> None:
    """Something else of the same length in the archive's directory (which isn't packed), its checksums made right."""
    raw = path.read_bytes()
    start = 32 + int.from_bytes(raw[12:20], "little")
    directory = raw[start:]
    assert directory.count(old) == 1 and len(old) == len(new)
    directory = directory.replace(old, new)
    tail = raw[12:28] + zlib.crc32(directory).to_bytes(4, "little")
    path.write_bytes(raw[:8] + zlib.crc32(tail).to_bytes(4, "little") + tail + raw[32:start] + directory)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.7z", {"aaaa.dat": b"1", "bbbb.dat": b"2"}, is_plain=True)
    forge(path, utf16("bbbb.dat"), utf16("aaaa.dat"))
    with pytest.raises(BadFileError, match=r"holds two members of one name"):
        members_7z(path)


def test_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real.dat").write_bytes(b"1")
    (tmp_path / "link.dat").symlink_to("real.dat")
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.write(tmp_path / "real.dat", "real.dat")
        archive.write(tmp_path / "link.dat", "link.dat")
    with pytest.raises(BadFileError, match=r"member 'link.dat' is a link or no plain file"):
        members_7z(tmp_path / "a.7z")


@pytest.mark.parametrize("is_header_too", [False, True])
def test_encrypted_archives_are_refused(tmp_path: Path, is_header_too: bool) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": b"1"}, password="x", header_encryption=is_header_too)
    with pytest.raises(BadFileError, match=r"a\.7z: is encrypted; unpack it yourself"):
        members_7z(path)


def test_damage_is_told_and_never_looks_like_an_end(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": NOISE, "b.dat": TABLE}, filters=[{"id": py7zr.FILTER_COPY}])
    raw = bytearray(path.read_bytes())
    raw[1000] ^= 1
    path.write_bytes(raw)
    with open_7z(path, "a.dat", **LIMITS) as stream:
        for _ in range(2):
            with pytest.raises(BadFileError, match=r"a\.7z: a\.dat: the checksum differs"):
                stream.read()
    with open_7z(path, "b.dat", **LIMITS) as stream:
        assert stream.read() == TABLE
    path = packed(tmp_path / "b.7z", {"a.dat": TABLE})
    raw = bytearray(path.read_bytes())
    raw[32:200] = bytes(168)
    path.write_bytes(raw)
    assert "the 7z is damaged or cut off" in refusal(path, "a.dat")


@pytest.mark.parametrize("kept", [0, 5, 31, 200, -1])
def test_an_archive_cut_off_is_told(tmp_path: Path, kept: int) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": NOISE})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BadFileError, match=r"a\.7z: the 7z is damaged or cut off"):
        members_7z(path)


def test_every_cut_of_a_directory_and_every_flipped_byte_is_an_answer(tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.7z", {"a.dat": b"x,y\n1,2\n"}).read_bytes()
    path = tmp_path / "b.7z"
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 0x55
        for data in (whole[:place], bytes(flipped)):
            path.write_bytes(data)
            try:
                with open_7z(path, "a.dat", **LIMITS) as stream:
                    assert stream.read() == b"x,y\n1,2\n"
            except BadFileError:
                continue


def test_limits_are_compared_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": bytes(70 << 20), "b.dat": b"x,y\n"})
    message = refusal(path, "a.dat")
    assert message.startswith("a.7z: a.dat: unpacks to 73,400,320 bytes, more than 67,108,864; raise maximum_unpacked_bytes")
    assert "unpacks to 73,400,324 bytes" in refusal(path, "b.dat")  # what stands before it in a solid archive counts
    assert "more than 1,000;" in refusal(path, "a.dat", maximum_ratio=100_000, maximum_bytes=1000)
    with open_7z(path, "b.dat", maximum_bytes=1000, maximum_ratio=100_000) as stream:
        assert stream.read() == b"x,y\n"


def test_methods_that_do_not_unpack_block_by_block_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": TABLE}, filters=[{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}])
    assert members_7z(path) == ("a.dat",)
    assert "is packed by a method that isn't read here (030401); unpack it yourself" in refusal(path, "a.dat")


def test_a_directory_packed_with_ppmd_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": b"1"})
    raw = path.read_bytes()
    start = 32 + int.from_bytes(raw[12:20], "little")
    assert raw[start] == 0x17 and members_7z(path) == ("a.dat",)
    path.write_bytes(raw[:start] + raw[start:].replace(b"\x21", b"\x03\x04\x01"))
    with pytest.raises(BadFileError, match=r"its directory is packed by a method that isn't read here \(PPMd\)"):
        members_7z(path)


def test_a_dictionary_without_bounds_is_refused(tmp_path: Path) -> None:
    filters = [{"id": py7zr.FILTER_LZMA2, "dict_size": 1 << 20}]
    path = packed(tmp_path / "a.7z", {"a.dat": b"1"}, is_plain=True, filters=filters)
    forge(path, b"\x21\x21\x01\x10", b"\x21\x21\x01\x22")
    assert "asks for a dictionary of 536,870,912 bytes; the limit is 268,435,456" in refusal(path, "a.dat")


def test_a_member_that_is_not_there_is_an_error_of_the_caller(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": b"1"})
    with pytest.raises(KeyError), open_7z(path, "b.dat", **LIMITS):
        pass


def test_a_reader_that_stops_early_leaves_nothing_behind(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.7z", {"a.dat": NOISE * 3})
    opened, threads = sorted(p.name for p in Path("/proc/self/fd").iterdir()), threading.active_count()
    for _ in range(20):
        with open_7z(path, "a.dat", **LIMITS) as stream:
            assert stream.read(5) == NOISE[:5]
            assert threading.active_count() == threads
        assert stream.closed or stream.raw.closed  # type: ignore[attr-defined]
    assert sorted(p.name for p in Path("/proc/self/fd").iterdir()) == opened
    assert threading.active_count() == threads


def test_memory_does_not_grow_with_the_member(tmp_path: Path) -> None:
    source = tmp_path / "big.dat"
    with source.open("wb") as handle:
        for _ in range(150):
            handle.write(NOISE[:1000] * 1000)
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w", filters=[{"id": py7zr.FILTER_DEFLATE}]) as archive:
        archive.write(source, "big.dat")
    source.unlink()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = 0
    with open_7z(tmp_path / "a.7z", "big.dat", maximum_bytes=1 << 30, maximum_ratio=2000) as stream:
        while block := stream.read(1 << 20):
            size += len(block)
    assert size == 150_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 << 10
