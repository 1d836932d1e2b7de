"""The Comtrade client against a server that behaves: units, releases, cuts at the record cap, bulk files, the quota."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.unit.comtrade_server import (
    KEY,
    NOON,
    PARTNERS,
    PRODUCTS,
    Clock,
    Comtrade,
    bulk_client,
    get_client,
    serving,
    texts_below,
)
from transforms.contracts.codes import FLOWS
from transforms.feeds.checkpoints import Checkpoint, Checkpoints, Missing
from transforms.feeds.comtrade_answers import Answer, check_answer, read_list
from transforms.feeds.comtrade_bulk import size_bytes
from transforms.feeds.comtrade_queries import CodeLists, Query, pieces, shortened
from transforms.feeds.errors import FeedError, QuotaExhausted
from transforms.feeds.quota import Quota, ledger_path
from transforms.io.archives import BadFileError

LISTS = CodeLists(lambda: PRODUCTS, lambda: PARTNERS)


def landed(home: Path) -> dict[str, Any]:
    """Names below the landing folder, with what the JSON files hold."""
    return {p.name: json.loads(p.read_text("utf-8")) for p in sorted((home / "landing" / "un").glob("*.json"))}


# ---------------------------------------------------------------- units


def test_a_unit_lands_as_the_api_gave_it_with_its_release_and_is_not_asked_for_again(home: Path) -> None:
    world, clock = Comtrade(), Clock()
    world.add_unit("842", "2020")
    with serving(world):
        report = get_client(world, home, clock).run()
        name = "COMTRADE-API-CA8422020HS[2024-05-01].json"
        assert report.landed == [home / "landing" / "un" / name]
        assert (report.missing, report.stopped, report.until) == ((), None, None)
        assert world.asked == [
            "/data/v1/getDa/C/A/HS?period=2020&reporterCode=842",
            "/data/v1/get/C/A/HS?reporterCode=842&period=2020&partner2Code=0&customsCode=C00&motCode=0&maxRecords=250000",
        ]
        assert world.keys == [KEY, KEY]
        found = landed(home)
        assert found[name] == {"elapsedTime": "0.21 secs", "count": 96, "data": world.rows, "error": ""}
        assert found[name + ".entrepot.json"] == {"source_release": "2024-05-01", "coverage": "complete"}
        assert list((home / "ops" / "feeds" / "staging" / "un").iterdir()) == []
        again = get_client(world, home, clock).run()
    assert (again.landed, again.missing, len(world.paths())) == ([], (), 1)


def test_a_landing_folder_on_another_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace

    def between_disks(self: Path, target: Path) -> Path:
        if "staging" in self.parts and "landing" in Path(target).parts:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", between_disks)
    world = Comtrade()
    world.add_unit("842", "2020")
    with serving(world):
        assert get_client(world, home, Clock()).run().missing == ()
    assert landed(home)["COMTRADE-API-CA8422020HS[2024-05-01].json"]["data"] == world.rows
    assert list((home / "ops" / "feeds" / "staging" / "un").iterdir()) == []


def test_a_new_release_is_asked_for_and_lands_beside_the_old(home: Path) -> None:
    world, clock = Comtrade(), Clock()
    world.add_unit("842", "2020")
    with serving(world):
        get_client(world, home, clock).run()
        world.releases["842", "2020"] = "2025-01-09T10:00:00"
        report = get_client(world, home, clock).run()
    assert [p.name for p in report.landed] == ["COMTRADE-API-CA8422020HS[2025-01-09].json"]
    assert sorted(n for n in landed(home) if "entrepot" not in n) == [
        "COMTRADE-API-CA8422020HS[2024-05-01].json",
        "COMTRADE-API-CA8422020HS[2025-01-09].json",
    ]


def test_a_query_with_filters_is_partial_and_says_what_the_feed_overrides(home: Path) -> None:
    world = Comtrade()
    world.add_unit("842", "2020")
    with serving(world):
        get_client(world, home, Clock(), products=("TOTAL",), flows=("M",), partners=("0", "156"), redistribution="internal").run()
    found = landed(home)
    assert found["COMTRADE-API-CA8422020HS[2024-05-01].json"]["count"] == 2
    assert found["COMTRADE-API-CA8422020HS[2024-05-01].json.entrepot.json"] == {
        "source_release": "2024-05-01",
        "coverage": "partial",
        "redistribution": "internal",
    }


def test_what_the_list_lacks_is_empty_confirmed_without_a_request(home: Path) -> None:
    world = Comtrade()
    world.add_unit("842", "2020")
    with serving(world):
        report = get_client(world, home, Clock(), reporters=("842", "156"), periods=("2020", "2021")).run()
    reason = "UN Comtrade's list has none"
    assert report.missing == tuple(Missing(u, "empty-confirmed", reason) for u in ("156/2020", "156/2021", "842/2021"))
    assert len(world.paths()) == 1


def test_an_empty_answer_to_what_the_list_has_is_suspect_and_replaces_nothing(home: Path) -> None:
    world, clock = Comtrade(), Clock()
    world.add_unit("842", "2020")
    with serving(world):
        get_client(world, home, clock).run()
        before = landed(home)
        world.rows, world.releases["842", "2020"] = [], "2025-01-09T10:00:00"
        report = get_client(world, home, clock).run()
        assert report.missing == (
            Missing("842/2020", "suspect-empty", "UN Comtrade's list has this release, and the answer was empty; ask again later"),
        )
        assert landed(home) == before
        assert Checkpoints(home, "un").all()["842/2020"].held == "2024-05-01T08:30:00"
        world.releases.clear()
        assert get_client(world, home, clock).run().missing[0].state == "suspect-empty"
        # the old release is listed again: it is landed already
        world.releases["842", "2020"] = "2024-05-01T08:30:00"
        assert get_client(world, home, clock).run().missing == ()
    assert len(world.paths()) == 2


def test_other_filters_of_a_feed_ask_again_for_the_same_release(home: Path) -> None:
    world, clock = Comtrade(), Clock()
    world.add_unit("842", "2020")
    with serving(world):
        get_client(world, home, clock, products=("TOTAL",)).run()
        assert get_client(world, home, clock, products=("TOTAL",)).run().landed == []
        report = get_client(world, home, clock, products=("TOTAL", "01")).run()
    assert [p.name for p in report.landed] == ["COMTRADE-API-CA8422020HS[2024-05-01].json"]
    assert landed(home)["COMTRADE-API-CA8422020HS[2024-05-01].json"]["count"] == 16


def test_reporters_that_left_the_feed_are_no_longer_spoken_of(home: Path) -> None:
    world, clock = Comtrade(), Clock()
    world.add_unit("842", "2020")
    world.add_unit("156", "2020")
    with serving(world):
        get_client(world, home, clock, reporters=("156", "842")).run()
        assert get_client(world, home, clock).run().missing == ()
    assert Checkpoints(home, "un").all()["156/2020"].state == "done"


def test_without_named_reporters_the_list_says_which_there_are(home: Path) -> None:
    world = Comtrade()
    world.add_unit("842", "2020")
    world.add_unit("156", "2020")
    with serving(world):
        report = get_client(world, home, Clock(), reporters=()).run()
    assert [p.name for p in report.landed] == ["COMTRADE-API-CA1562020HS[2024-05-01].json", "COMTRADE-API-CA8422020HS[2024-05-01].json"]
    assert world.asked[0] == "/data/v1/getDa/C/A/HS?period=2020"


def test_the_list_is_asked_twelve_periods_at_a_time(home: Path) -> None:
    world = Comtrade()
    with serving(world):
        get_client(world, home, Clock(), periods=(), first_period="2012").run()
    assert world.asked == [
        "/data/v1/getDa/C/A/HS?period=2012,2013,2014,2015,2016,2017,2018,2019,2020,2021,2022,2023&reporterCode=842",
        "/data/v1/getDa/C/A/HS?period=2024,2025&reporterCode=842",
    ]


def test_missing_before_the_first_run(home: Path) -> None:
    with serving(Comtrade()) as world:
        client = get_client(world, home, Clock())
        assert client.missing() == (Missing("842/2020", "not-asked", "not asked for yet"),)
        assert world.asked == []
        assert repr(client) == "ComtradeGet(un)"


def test_what_isnt_out_by_the_calendar_is_not_asked_for(home: Path) -> None:
    world = Comtrade()
    with serving(world):
        get_client(world, home, Clock(), periods=(), first_period="2023", lag_days=180).run()
        get_client(world, home, Clock(), periods=("2023", "2025"), lag_days=180).run()
        get_client(world, home, Clock(), periods=("2025",), lag_days=180).run()
    assert world.asked == [
        "/data/v1/getDa/C/A/HS?period=2023,2024&reporterCode=842",
        "/data/v1/getDa/C/A/HS?period=2023&reporterCode=842",
    ]


def test_codes_with_zeros_in_front_and_the_word_all(home: Path) -> None:
    world = Comtrade()
    world.add_unit("36", "2020")
    with serving(world):
        report = get_client(world, home, Clock(), reporters=("036",), partners=("all",)).run()
        assert [p.name for p in report.landed] == ["COMTRADE-API-CA0362020HS[2024-05-01].json"]
        assert get_client(world, home, Clock(), reporters=("all",)).run().missing == ()
    assert len(world.paths()) == 1


def test_a_feed_without_a_key_is_refused_before_any_request(home: Path) -> None:
    with serving(Comtrade()) as world, pytest.raises(FeedError, match="answers to a key alone"):
        get_client(world, home, Clock(), key_env=None)
    assert world.asked == []


# ---------------------------------------------------------------- cuts at the record cap


@pytest.mark.parametrize("cap", [97, 96, 40, 9, 8])
def test_pieces_of_a_capped_answer_sum_to_the_whole_and_no_row_comes_twice(home: Path, cap: int) -> None:
    world = Comtrade(cap=cap)
    world.add_unit("842", "2020")
    with serving(world):
        report = get_client(world, home, Clock(), cap=cap).run()
    assert report.missing == ()
    files = {n: c for n, c in landed(home).items() if "entrepot" not in n}
    rows = [r for content in files.values() for r in content["data"]]
    assert sorted(r["primaryValue"] for r in rows) == list(range(1, 97))
    assert sum(r["primaryValue"] for r in rows) == 4656
    assert all(len(content["data"]) < cap for content in files.values())
    assert (len(files) == 1) == (cap == 97)
    sidecars = [c for n, c in landed(home).items() if "entrepot" in n]
    assert {c["coverage"] for c in sidecars} == {"complete" if cap == 97 else "partial"}
    done = Checkpoints(home, "un").all()["842/2020"]
    assert (done.rows, sorted(done.files)) == (96, sorted(files))


def test_cuts_go_down_to_one_flow_and_the_filters_of_the_feed_stay(home: Path) -> None:
    world = Comtrade(cap=2)
    world.add_unit("842", "2020")
    with serving(world):
        report = get_client(world, home, Clock(), cap=2, products=("01", "0101"), partners=("36", "156"), flows=("M", "X")).run()
    assert report.missing == ()
    found = {n: c["data"] for n, c in landed(home).items() if "entrepot" not in n}
    rows = sorted((r["cmdCode"], r["partnerCode"], r["flowCode"]) for data in found.values() for r in data)
    assert rows == [(c, p, f) for c in ("01", "0101") for p in (36, 156) for f in ("M", "X")]
    assert len(found) == 8
    assert world.paths("/files/") == []


def test_a_capped_answer_that_cannot_be_cut_is_refused(home: Path) -> None:
    world = Comtrade(cap=1)
    world.add_unit("842", "2020")
    with serving(world):
        report = get_client(world, home, Clock(), cap=1).run()
    assert [(m.unit, m.state) for m in report.missing] == [("842/2020", "failed")]
    assert "reaches the cap of 1 records and can't be cut further" in report.missing[0].reason
    assert landed(home) == {}


def test_pieces_that_hold_less_than_the_whole_are_refused(home: Path) -> None:
    """A product that stands in the data and not in the list of codes would get lost in the cut."""
    world = Comtrade(cap=90)
    world.add_unit("842", "2020")
    world.rows[0]["cmdCode"] = "9999AA"
    with serving(world):
        report = get_client(world, home, Clock(), cap=90).run()
    assert report.missing == (
        Missing("842/2020", "failed", "reporter 842, period 2020: its pieces hold 95 records, the whole 96; it is refused, ask again"),
    )
    assert landed(home) == {}


def test_the_order_of_cuts_is_product_then_partner_then_flow() -> None:
    whole = Query("842", "2020")
    assert [q.products for q in pieces(whole, LISTS)] == [
        ("01", "0101", "010121", "010129", "02", "0201", "020110"),
        ("84", "8401", "840110", "840120", "TOTAL"),
    ]
    one = Query("842", "2020", ("01",))
    assert [q.partners for q in pieces(one, LISTS)] == [("0", "36"), ("156", "276")]
    pair = Query("842", "2020", ("01",), ("36",))
    assert [q.flows for q in pieces(pair, LISTS)] == [(flow,) for flow in FLOWS]
    assert pieces(Query("842", "2020", ("01",), ("36",), ("M",)), LISTS) == ()
    words = Query("842", "2020", ("AG2", "TOTAL"))
    assert [q.products for q in pieces(words, LISTS)] == [("01", "02"), ("84", "TOTAL")]
    assert str(pieces(whole, LISTS)[1]) == "reporter 842, period 2020, 5 products, 84 to TOTAL"


def test_a_real_list_of_products_is_cut_into_short_addresses_that_overlap_nowhere(shared_data: Path) -> None:
    lines = (shared_data / "comtrade_v1" / "reference" / "cmd_hs.csv").read_text("utf-8").splitlines()[1:]
    codes = sorted({line.split(",")[0].strip('"') for line in lines if line.split(",")[0].strip('"').isalnum()})
    assert len(codes) > 8000
    parts = pieces(Query("842", "2020"), CodeLists(lambda: codes, lambda: PARTNERS))
    assert sorted(code for part in parts for code in part.products) == codes
    assert max(len(part.products) for part in parts) == 200
    assert max(len("&".join(f"{k}={v}" for k, v in part.parameters.items())) for part in parts) < 1600
    assert len(parts) < 60


def test_a_feed_with_many_codes_is_asked_in_pieces_at_once() -> None:
    partners = tuple(str(n) for n in range(1, 301))
    whole = Query("842", "2020", PRODUCTS, partners)
    assert shortened(whole) == (whole,)
    many = tuple(f"{n:06}" for n in range(10100, 10500))
    parts = shortened(Query("842", "2020", many, partners))
    assert sorted((c, p) for q in parts for c in q.products for p in q.partners) == sorted((c, p) for c in many for p in partners)
    assert all(len(",".join(q.products) + ",".join(q.partners)) <= 1800 for q in parts)


# ---------------------------------------------------------------- answers


def test_a_real_answer_is_believed(shared_data: Path) -> None:
    path = shared_data / "comtrade_v1" / "comtradr" / "HS-60a6ad.json"
    assert check_answer(path, Query("156", "2010", ("TOTAL",)), cap=250_000) == Answer(4, 4)
    with pytest.raises(BadFileError, match="record 1 has reporterCode '156', which was not asked for"):
        check_answer(path, Query("842", "2010"), cap=250_000)


GOOD = {"reporterCode": 842, "period": "2020", "flowCode": "M", "partnerCode": 36, "cmdCode": "01"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (json.dumps({"count": 2, "data": [GOOD], "error": ""}), "says count 2 and holds 1 records"),
        (json.dumps({"count": 0, "data": [GOOD], "error": ""}), "says count 0 and holds 1 records"),
        (json.dumps({"data": [GOOD]}), "has no count"),
        (json.dumps({"count": True, "data": [GOOD]}), "has no"),
        (json.dumps({"count": 0}), "has no data"),
        (json.dumps({"count": 0, "data": None}), "has no data"),
        (json.dumps({"count": 1, "data": ["x"]}), "is no record but 'x'"),
        (json.dumps({"count": 0, "data": [], "error": "Invalid period"}), "answered with an error: Invalid period"),
        (json.dumps({"statusCode": 429, "message": "Rate limit is exceeded."}), "answered with an error: 429 Rate limit is exceeded."),
        (json.dumps({"count": 1, "data": [{**GOOD, "flowCode": "X"}]}), "has flowCode 'X', which was not asked for"),
        (json.dumps({"count": 1, "data": [GOOD], "error": ""})[:-9], "ends early or is no JSON"),
        (json.dumps({"count": 1, "data": [GOOD], "error": ""})[:60], "ends early or is no JSON"),
        ("<html>503</html>", "ends early or is no JSON"),
        ("", "ends early or is no JSON"),
    ],
)
def test_answers_that_are_not_believed(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "answer.json"
    path.write_text(text, "utf-8")
    with pytest.raises(BadFileError, match="answer.json: .*" + word):
        check_answer(path, Query("842", "2020", (), (), ("M",)), cap=100)


def test_an_answer_at_the_cap_may_count_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"count": 5, "data": [GOOD, GOOD], "error": ""}), "utf-8")
    assert check_answer(path, Query("842", "2020"), cap=2) == Answer(2, 5)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"count": 2, "data": [{}], "error": ""}', "count 2 and holds 1"),
        ('{"count": 0, "error": ""}', "has no data"),
        ('{"count": 0, "data": [], "error": "No access"}', "answered with an error: No access"),
        ("[]", "a JSON list"),
        ('{"count": 1, "da', "ends early or is no JSON"),
    ],
)
def test_lists_that_are_not_believed(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(text, "utf-8")
    with pytest.raises(BadFileError, match="list.json: .*" + word):
        read_list(path)


# ---------------------------------------------------------------- bulk files

CONTENT = b"typeCode\tfreqCode\n" + b"C\tA\n" * 50


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("532 B", 532),
        ("1.2 KB", 1228),
        ("183.34 KB", 187740),
        ("25.7 MB", 26948403),
        ("3.4 GB", 3650722201),
        ("1.1 TB", 1209462790553),
        ("1,024 B", 1024),
        ("12kb", 12288),
        ("0 B", 0),
    ],
)
def test_sizes_in_all_units(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "532", "5 PB", "5 XB", "KB", "1,5 KB", "-3 KB", "1.2.3 KB", "5 KiB", "None"])
def test_sizes_that_are_not_guessed(text: str) -> None:
    with pytest.raises(BadFileError, match="isn't fetched blind"):
        size_bytes(text)


def test_the_real_list_says_the_size_of_the_real_file(shared_data: Path) -> None:
    """The file behind this entry has 187,742 bytes (Content-Length of the recorded answer)."""
    records = read_list(shared_data / "comtrade_v1" / "comtradr" / "HS-4f1d0f.json")
    assert [size_bytes(r["fileSize"]) for r in records] == [187740]


def test_bulk_files_land_with_their_release_and_only_new_ones_are_fetched(home: Path) -> None:
    world, clock = Comtrade(), Clock()
    world.add_file("32", "2020", CONTENT, published="2003-04-29T11:24:10Z")
    world.add_file("842", "2020", CONTENT, etag="W/a")
    with serving(world):
        client = bulk_client(world, home, clock, reporters=())
        assert [f.name for f in client.pending()] == [
            "COMTRADE-FINAL-CA0322020H6[2003-04-29].gz",
            "COMTRADE-FINAL-CA8422020H6[2024-05-01].gz",
        ]
        report = client.run()
        folder = home / "landing" / "un"
        assert report.landed == [folder / "COMTRADE-FINAL-CA0322020H6[2003-04-29].gz", folder / "COMTRADE-FINAL-CA8422020H6[2024-05-01].gz"]
        assert report.landed[0].read_bytes() == world.bodies["/bulk/v1/file/32/f322020"]
        said = json.loads((folder / "COMTRADE-FINAL-CA0322020H6[2003-04-29].gz.entrepot.json").read_text("utf-8"))
        assert said == {"source_release": "2003-04-29", "coverage": "complete"}
        assert Checkpoints(home, "un").all()["32/2020/H6"].rows == 50
        assert (client.run().landed, len(world.paths("/bulk/v1/file/"))) == ([], 2)
        # another eTag, the same bytes: fetched, and nothing new in the landing folder
        world.files[1]["eTag"] = "W/b"
        assert (client.run().landed, len(world.paths("/bulk/v1/file/"))) == ([], 3)
        world.files[1]["publicationDate"] = "2025-02-03T00:00:00Z"
        assert [p.name for p in client.run().landed] == ["COMTRADE-FINAL-CA8422020H6[2025-02-03].gz"]
    assert world.keys == [KEY] * len(world.asked)


def test_a_bulk_feed_says_of_what_the_list_has_no_file(home: Path) -> None:
    world = Comtrade()
    world.add_file("842", "2020", CONTENT)
    world.files[0].update(publicationDate=None, timestamp="2024-03-10T04:54:11.8900761+00:00")
    with serving(world):
        client = bulk_client(world, home, Clock(), reporters=("842", "156"))
        assert [m.unit for m in client.missing()] == ["156/2020", "842/2020"]
        report = client.run()
        assert [p.name for p in report.landed] == ["COMTRADE-FINAL-CA8422020H6[2024-03-10].gz"]
        assert report.missing == (Missing("156/2020", "empty-confirmed", "UN Comtrade's list has no file"),)
        world.add_file("156", "2020", CONTENT)
        assert client.run().missing == ()


def test_bulk_entries_that_cannot_be_used_are_listed_with_the_reason(home: Path) -> None:
    world = Comtrade()
    world.add_file("842", "2020", CONTENT, size="12 furlongs")
    world.add_file("156", "2020", CONTENT)
    world.files[1]["fileUrl"] = "https://elsewhere.example/file"
    with serving(world):
        report = bulk_client(world, home, Clock(), reporters=()).run()
    assert [(m.unit, m.state) for m in report.missing] == [("156/2020/H6", "failed"), ("842/2020/H6", "failed")]
    assert "leads to elsewhere.example, which isn't among the feed's hosts" in report.missing[0].reason
    assert "size '12 furlongs'" in report.missing[1].reason
    assert world.paths("/bulk/v1/file/") == []


# ---------------------------------------------------------------- quota and checkpoints


def test_calls_are_spaced_and_counted_over_processes_and_days(home: Path) -> None:
    clock = Clock()
    one, two = (Quota(home, KEY, per_day=3, per_second=2, clock=clock, sleep=clock.sleep) for _ in range(2))
    one.take()
    two.take()
    one.take()
    assert (clock.waits, one.calls_today, two.calls_today) == ([0.5, 0.5], 3, 3)
    with pytest.raises(
        QuotaExhausted, match="the 3 calls of a day are made: no call with this key before 2026-03-03 00:00:00 UTC"
    ) as error:
        two.take()
    assert error.value.until == datetime(2026, 3, 3, tzinfo=UTC)
    clock.now = datetime(2026, 3, 3, tzinfo=UTC).timestamp()
    two.take()
    assert two.calls_today == 1


def test_processes_at_once_count_every_call_once(home: Path) -> None:
    code = (
        "import itertools, sys\n"
        "from pathlib import Path\n"
        "from transforms.feeds.errors import QuotaExhausted\n"
        "from transforms.feeds.quota import Quota\n"
        "ticks, made = itertools.count(1772452800, 0.01), 0\n"
        "quota = Quota(Path(sys.argv[1]), 'key', per_second=1e9, clock=lambda: next(ticks), sleep=lambda seconds: None)\n"
        "try:\n"
        "    while made < 1000:\n"
        "        quota.take()\n"
        "        made += 1\n"
        "except QuotaExhausted as error:\n"
        "    print(made, type(error).__name__)\n"
    )
    run = [sys.executable, "-c", code, str(home)]
    processes = [subprocess.Popen(run, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=120)[0].decode().split() for process in processes]
    # 500 a day for the three together, not for each
    assert sum(int(made) for made, _ in said) == 500
    assert {why for _, why in said} == {"QuotaExhausted"}


def test_a_pause_holds_every_process_of_the_key_and_a_block_stops_them(home: Path) -> None:
    clock = Clock()
    one, two = (Quota(home, KEY, clock=clock, sleep=clock.sleep) for _ in range(2))
    other = Quota(home, "another-key", clock=clock, sleep=clock.sleep)
    one.pause(20)
    other.take()
    two.take()
    assert clock.waits == [20.0]
    assert one.block(datetime(2026, 3, 2, 18, tzinfo=UTC)) == datetime(2026, 3, 2, 18, tzinfo=UTC)
    for quota in (one, two, Quota(home, KEY, clock=clock, sleep=clock.sleep)):
        with pytest.raises(QuotaExhausted, match="before 2026-03-02 18:00:00 UTC"):
            quota.take()
    other.take()
    clock.now = datetime(2026, 3, 2, 18, tzinfo=UTC).timestamp()
    two.take()
    assert two.block(None) == datetime(2026, 3, 3, tzinfo=UTC)


def test_a_pause_that_is_too_long_is_told_not_slept(home: Path) -> None:
    clock = Clock()
    quota = Quota(home, KEY, clock=clock, sleep=clock.sleep)
    quota.pause(3600)
    with pytest.raises(QuotaExhausted, match="before 2026-03-02 13:00:00 UTC"):
        quota.take()
    assert clock.waits == []


def test_the_ledger_knows_a_key_by_its_hash_alone(home: Path, tmp_path: Path) -> None:
    clock = Clock()
    quota = Quota(home, KEY, clock=clock, sleep=clock.sleep)
    quota.take()
    assert KEY.encode() not in texts_below(home)
    assert KEY not in repr(vars(quota)) + repr(quota)
    content = json.loads(ledger_path(home).read_text("utf-8"))
    assert content["keys"] == {quota.identity: {"day": "2026-03-02", "calls": 1, "not_before": NOON + 1, "blocked_until": 0.0}}
    assert Quota(tmp_path / "other", KEY).identity != quota.identity
    ledger_path(home).write_text("{", "utf-8")
    with pytest.raises(FeedError, match="the ledger of calls can't be read"):
        quota.take()


def test_checkpoints_are_merged_and_read_back(home: Path) -> None:
    one, two = Checkpoints(home, "un"), Checkpoints(home, "un")
    done = Checkpoint("done", "2024", "2024", "W/1", "HS 0a", 12, ("a.json",), at="2026-03-02T12:00:00+00:00")
    one.record({"842/2020": done})
    two.record({"156/2020": Checkpoint("failed", "2024", reason="cut off")})
    assert one.all() == {"156/2020": Checkpoint("failed", "2024", reason="cut off"), "842/2020": done}
    (home / "ops" / "feeds" / "un.checkpoints.json").write_text('{"units": {"a/b": {"state": "odd", "files": []}}}', "utf-8")
    with pytest.raises(FeedError, match="a/b is in no known state"):
        one.all()
    with pytest.raises(ValueError, match="made of letters"):
        Checkpoints(home, "../un")
