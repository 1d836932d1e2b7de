"""Asking a feed: only what is new lands, whole, with what is declared about it; what goes wrong is told once and costs nothing."""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.misbehaving import Answer, Misbehaving, refusal
from transforms.contracts.feed import Feed
from transforms.feeds.check import FeedAnswer, ask
from transforms.feeds.errors import FeedError
from transforms.feeds.http import Fetcher
from transforms.feeds.parts import lacks_some
from transforms.feeds.state import read_state, state_path
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings

NOW = datetime(2025, 4, 1, 2, tzinfo=UTC)
DAY = {"Last-Modified": "Mon, 31 Mar 2025 23:30:00 GMT"}
TABLE = b"t,i,j,k,v,q\n2020,4,36,071120,0.727,0.308\n"
KEY = "SENTINEL-KEY-123"


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


def quick(feed: Feed) -> Fetcher:
    return Fetcher(feed.hosts, allow_loopback=True, sleep=lambda _: None, read_timeout=0.2, total_seconds=5, now=lambda: NOW)


def feed_of(server: Misbehaving, path: str, **changed: object) -> Feed:
    said: dict[str, object] = {"first_period": "2023", "lag_days": 80, "hosts": ("127.0.0.1",), "allow_loopback": True, **changed}
    return Feed("trade", "ministry", server.url(path), **said)  # type: ignore[arg-type]


def look(home: Path, feed: Feed, days: int = 0, **environment: str) -> FeedAnswer:
    now = NOW + timedelta(days=days)
    return ask(home, feed, landing=home / "landing", now=now, fetcher_factory=quick, environment=environment)


def landed(home: Path) -> dict[str, bytes]:
    folder = home / "landing" / "trade"
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())} if folder.exists() else {}


def test_periods_land_once_and_the_newest_is_asked_again(server: Misbehaving, home: Path) -> None:
    server.script("/2023.csv", Answer(body=TABLE, headers={"ETag": '"a"'}))
    server.script("/2024.csv", Answer(body=TABLE + TABLE[12:], headers=DAY))
    feed = feed_of(server, "/{period}.csv", licence="CC BY 4.0", attribution="Ministry", redistribution="open")
    assert lacks_some(feed, read_state(home, "trade"), NOW.date())
    folder = home / "landing" / "trade"
    assert look(home, feed) == FeedAnswer("trade", "new", (folder / "2023.csv", folder / "2024.csv"), "2 new")
    said = {"attribution": "Ministry", "licence": "CC BY 4.0", "redistribution": "open"}
    assert list(landed(home)) == ["2023.csv", "2023.csv.entrepot.json", "2024.csv", "2024.csv.entrepot.json"]
    assert json.loads(landed(home)["2023.csv.entrepot.json"]) == {**said, "source_release": "2025-04-01"}
    assert json.loads(landed(home)["2024.csv.entrepot.json"]) == {**said, "source_release": "2025-03-31"}
    state = read_state(home, "trade")
    assert (state.status, state.periods, state.last_checked, state.last_release) == ("ok", ("2023", "2024"), NOW, "2025-03-31")
    assert (state.etag, state.last_modified, state.parts["2023"].etag) == (None, DAY["Last-Modified"], '"a"')
    assert not lacks_some(feed, state, NOW.date())
    assert look(home, feed, days=1) == FeedAnswer("trade", "current", (), "0 new")
    assert (server.count("/2023.csv"), server.count("/2024.csv")) == (1, 2)
    assert server.asked[-1].headers["If-Modified-Since"] == DAY["Last-Modified"]
    assert lacks_some(feed, state, datetime(2026, 3, 21, tzinfo=UTC).date())


def test_a_server_without_tags_is_compared_by_content(server: Misbehaving, home: Path) -> None:
    url = "/2024.csv"
    server.script(url, Answer(body=TABLE), Answer(body=TABLE), Answer(body=TABLE.replace(b"0.727", b"0.828")))
    feed = feed_of(server, "/{period}.csv", first_period="2024")
    assert [look(home, feed, days).status for days in (0, 1, 2)] == ["new", "current", "new"]
    assert b"0.828" in landed(home)["2024.csv"]
    assert json.loads(landed(home)["2024.csv.entrepot.json"]) == {"source_release": "2025-04-03"}


def test_so_many_newest_periods_are_asked_again(server: Misbehaving, home: Path) -> None:
    for year in ("2021", "2022", "2023", "2024"):
        server.script(f"/{year}.csv", Answer(body=TABLE))
    feed = feed_of(server, "/{period}.csv", first_period="2021", recheck_periods=2)
    look(home, feed)
    look(home, feed, days=1)
    assert [a.path for a in server.asked[4:]] == ["/2023.csv", "/2024.csv"]


def test_a_sidecar_is_what_a_snapshot_reads(server: Misbehaving, home: Path) -> None:
    server.script("/BACI_HS17_V202501.csv", Answer(body=TABLE))
    server.script("/BACI_HS92_V202501.csv", Answer(body=TABLE + TABLE[12:]))
    feed = replace(
        feed_of(
            server,
            "/BACI_{edition}_{release}.csv",
            release="V{year+2}01",
            editions=("HS17", "HS92"),
            lag_days=390,
            redistribution="internal",
        ),
        source="baci",
    )
    answer = look(home, feed)
    assert [p.name for p in answer.files] == ["BACI_HS17_V202501.csv", "BACI_HS92_V202501.csv"]
    taken = [take_snapshot(path, Settings(home=home))[0] for path in answer.files]
    assert [(s.source_release, s.edition, s.redistribution, s.licence) for s in taken] == [
        ("V202501", "H5", "internal", "Etalab 2.0"),
        ("V202501", "H0", "internal", "Etalab 2.0"),
    ]
    assert sorted(read_state(home, "trade").parts) == ["V202501/HS17", "V202501/HS92"]


def test_a_release_that_isnt_out_yet_is_no_fault(server: Misbehaving, home: Path) -> None:
    feed = replace(feed_of(server, "/B_{release}.zip", release="V{year+2}01", lag_days=390, first_period="2015"), source="baci")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", TABLE)
    server.script("/B_V202401.zip", Answer(body=packed.getvalue()))
    first = look(home, feed)
    assert (first.status, [p.name for p in first.files], first.message) == ("new", ["B_V202401.zip"], "1 new; not there yet: V202501")
    assert [a.path for a in server.asked] == ["/B_V202501.zip", "/B_V202401.zip"]
    assert lacks_some(feed, read_state(home, "trade"), NOW.date())
    assert look(home, feed, days=1).status == "current"
    assert [a.path for a in server.asked[2:]] == ["/B_V202501.zip", "/B_V202401.zip"]
    server.script("/B_V202501.zip", Answer(body=packed.getvalue()))
    server.script("/B_V202401.zip", refusal(404))
    assert [p.name for p in look(home, feed, days=2).files] == ["B_V202501.zip"]


def test_a_release_whose_first_period_isnt_out_is_not_asked_for(server: Misbehaving, home: Path) -> None:
    feed = replace(feed_of(server, "/B_{release}.zip", release="V{year+2}01", first_period="2030"), source="baci")
    assert (look(home, feed).status, server.asked) == ("current", [])


def test_a_file_of_another_layout_doesnt_land(server: Misbehaving, home: Path) -> None:
    feed = replace(feed_of(server, "/{period}.csv", first_period="2024", layout="comext_v2"), source="comext")
    server.script("/2024.csv", Answer(body=TABLE))
    answer = look(home, feed)
    assert (answer.status, answer.message, landed(home)) == (
        "broken",
        "2024.csv: its layout is baci, where [feeds.trade] says layout = 'comext_v2'; it didn't land. Look at the file",
        {},
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("countries.csv", "country_code,country_name,country_iso2,country_iso3\n4,Afghanistan,AF,AFG\n")
        archive.writestr("trade.csv", TABLE)
    server.script("/2024.zip", Answer(body=packed.getvalue()))
    told = look(home, replace(feed, url=server.url("/{period}.zip"))).message
    assert told.startswith("2024.zip: its layout is baci_countries, baci, where [feeds.trade] says")
    assert [p.name for p in look(home, replace(feed, url=server.url("/{period}.zip"), source="baci", layout="baci")).files] == ["2024.zip"]


def test_a_retired_address_isnt_taken_for_late(server: Misbehaving, home: Path) -> None:
    server.script("/2023.csv", Answer(body=TABLE), refusal(404))
    feed = feed_of(server, "/{period}.csv")
    assert look(home, feed).message == "1 new; not there yet: 2024"
    answer = look(home, feed, days=1)
    assert (answer.status, answer.alert) == ("broken", True)
    assert "/2023.csv: status 404" in answer.message


def test_a_release_that_its_source_doesnt_write_is_refused(server: Misbehaving, home: Path) -> None:
    server.script("/202501.csv", Answer(body=TABLE))
    answer = look(home, replace(feed_of(server, "/{release}.csv", release="{year+2}01", lag_days=390), source="baci"))
    assert (answer.status, landed(home)) == ("broken", {})
    assert answer.message == "[feeds.trade]: release gives '202501'; baci writes its releases as V202501"


def test_names_tell_files_apart(server: Misbehaving, home: Path) -> None:
    server.script("/download", lambda asked: Answer(body=gzip.compress(TABLE + asked.query["year"].encode() + b"\n", mtime=0)))
    answer = look(home, feed_of(server, "/download?year={year}"))
    assert [p.name for p in answer.files] == ["trade_2023.gz", "trade_2024.gz"]
    server.script("/x", Answer(body=b'[["A"],["1"]]'))
    assert [p.name for p in look(home, replace(feed_of(server, "/x", first_period=None), name="api")).files] == ["api_file.json"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"t,i,j,k,v,q\n",
        b'{"elapsedTime": "0.1", "count": 0, "data": [], "error": ""}',
        b"[]",
        b'[["COMM_LVL","ALL_VAL_MO"]]',
        b'[{"page":1,"pages":0,"total":0},null]',
        gzip.compress(b"t,i,j,k,v,q\n", mtime=0),
    ],
)
def test_an_empty_answer_replaces_nothing(server: Misbehaving, home: Path, body: bytes) -> None:
    server.script("/2024.csv", Answer(body=TABLE), Answer(body=body), Answer(body=TABLE))
    feed = feed_of(server, "/{period}.csv", first_period="2024")
    look(home, feed)
    before = landed(home)
    answer = look(home, feed, days=1)
    assert answer == FeedAnswer("trade", "empty", (), "the answer for 2024 has no rows; what is here stays as it is")
    assert landed(home) == before
    assert read_state(home, "trade").status == "empty"
    assert look(home, feed, days=2).status == "current"


def test_broken_is_told_once_until_it_recovers(server: Misbehaving, home: Path) -> None:
    server.script("/2024.csv", Answer(body=TABLE), *[refusal(410)] * 2, Answer(body=b"<html>Log in"), Answer(body=TABLE), refusal(404))
    feed = feed_of(server, "/{period}.csv", first_period="2024")
    found = [look(home, feed, days) for days in range(6)]
    assert [(a.status, a.alert) for a in found] == [
        ("new", False),
        ("broken", True),
        ("broken", False),
        ("broken", False),
        ("current", False),
        ("broken", True),
    ]
    assert "status 410. Nothing is there any more" in found[1].message
    assert read_state(home, "trade").broken_since == NOW + timedelta(days=5)
    assert landed(home)["2024.csv"] == TABLE


def test_since_when_it_is_broken(server: Misbehaving, home: Path) -> None:
    feed = feed_of(server, "/{period}.csv")
    first = look(home, feed)
    assert (first.status, first.alert) == ("broken", True)
    assert first.message == "nothing is there under any address asked for (2023, 2024): look whether the url has changed"
    look(home, feed, days=3)
    assert read_state(home, "trade").broken_since == NOW


def test_a_quota_stops_the_feed_until_it_begins_anew(server: Misbehaving, home: Path) -> None:
    server.script("/2022.csv", Answer(body=TABLE))
    server.script("/2023.csv", refusal(403, "Out of call volume quota"), Answer(body=TABLE + TABLE[12:]))
    server.script("/2024.csv", Answer(body=TABLE + 2 * TABLE[12:]))
    feed = feed_of(server, "/{period}.csv", first_period="2022")
    answer = look(home, feed)
    assert (answer.status, [p.name for p in answer.files], server.count("/2024.csv")) == ("quota", ["2022.csv"], 0)
    assert read_state(home, "trade").next_allowed == datetime(2025, 4, 2, tzinfo=UTC)
    asked = len(server.asked)
    waiting = ask(home, feed, landing=home / "landing", now=NOW + timedelta(hours=21), fetcher_factory=quick)
    assert (waiting.status, len(server.asked)) == ("waiting", asked)
    assert [p.name for p in look(home, feed, days=1).files] == ["2023.csv", "2024.csv"]
    assert [a.path for a in server.asked[2:]] == ["/2022.csv", "/2023.csv", "/2024.csv"]


def test_a_publisher_that_is_down_is_left_in_peace(server: Misbehaving, home: Path) -> None:
    for year in range(2010, 2025):
        server.script(f"/{year}.csv", refusal(410))
        server.script(f"/slow/{year}.csv", refusal(500))
    feed = feed_of(server, "/{period}.csv", first_period="2010")
    assert look(home, feed).status == "broken"
    assert len(server.asked) == 3
    assert look(home, replace(feed, name="other", url=server.url("/slow/{period}.csv"))).status == "broken"
    assert len(server.asked) == 6


def test_a_damaged_file_stops_no_other(server: Misbehaving, home: Path) -> None:
    server.script("/2023.csv", Answer(body=TABLE[:9], length=50))
    server.script("/2024.csv", Answer(body=TABLE))
    answer = look(home, feed_of(server, "/{period}.csv"))
    assert (answer.status, [p.name for p in answer.files]) == ("broken", ["2024.csv"])
    assert "cut off: the connection broke after 9 of 50 bytes" in answer.message
    assert sorted(landed(home)) == ["2024.csv", "2024.csv.entrepot.json"]
    cut = gzip.compress(TABLE)[:-12]
    server.script("/g/2024.csv.gz", Answer(body=cut))
    damaged = look(home, replace(feed_of(server, "/g/{period}.csv.gz", first_period="2024"), name="packed"))
    assert (damaged.status, damaged.files) == ("broken", ())


def test_what_a_killed_look_left_is_swept(server: Misbehaving, home: Path) -> None:
    folder = home / "landing" / "trade"
    folder.mkdir(parents=True)
    for name in (".incoming-2024.csv", "..incoming-2024.csv.77.tmp"):
        (folder / name).write_text("half")
    server.script("/2024.csv", Answer(body=TABLE))
    look(home, feed_of(server, "/{period}.csv", first_period="2024"))
    assert list(landed(home)) == ["2024.csv", "2024.csv.entrepot.json"]


def test_one_look_at_a_time(server: Misbehaving, home: Path) -> None:
    path = state_path(home, "trade").with_suffix(".lock")
    path.parent.mkdir(parents=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        answer = look(home, feed_of(server, "/{period}.csv"))
    assert (answer.status, answer.message, server.asked) == ("waiting", "another process is asking it", [])


def test_a_state_that_cant_be_read_is_named(home: Path) -> None:
    state_path(home, "trade").parent.mkdir(parents=True)
    state_path(home, "trade").write_text('{"status": "fine"}')
    with pytest.raises(FeedError, match=r"trade\.json: isn't the state of a feed .*remove it"):
        read_state(home, "trade")


def test_other_kinds_have_their_own_client(home: Path) -> None:
    with pytest.raises(FeedError, match="asked by its own client"):
        look(home, Feed("c", "comtrade", "https://c.example", kind="comtrade"))


def test_a_missing_key_is_told_without_a_request(server: Misbehaving, home: Path) -> None:
    answer = look(home, feed_of(server, "/{period}.csv", key_env="MINISTRY_KEY"))
    assert (answer.status, answer.alert, server.asked) == ("broken", True, [])
    assert "the environment variable MINISTRY_KEY holds no key" in answer.message


def test_the_key_is_in_no_file_and_no_log(server: Misbehaving, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    feed = feed_of(server, "/{period}.csv", key_env="MINISTRY_KEY", key_header="X-Key")
    server.script("/2023.csv", Answer(body=TABLE))
    server.script("/2024.csv", lambda asked: refusal(403, f"the key {asked.headers['X-Key']} isn't valid"))
    answer = look(home, feed, MINISTRY_KEY=KEY)
    assert (answer.status, server.asked[0].headers["X-Key"]) == ("broken", KEY)
    assert "the key [key] isn't valid" in answer.message
    told = repr(answer) + caplog.text + "".join(p.read_text("utf-8") for p in home.rglob("*") if p.is_file())
    assert "2023.csv" in told
    assert KEY not in told
