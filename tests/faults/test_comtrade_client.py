"""The Comtrade client against a server that misbehaves: refusals, kills, bodies cut off, counts that don't hold, a key said back."""

from __future__ import annotations

import gzip
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.unit.comtrade_server import (
    ENVIRONMENT,
    KEY,
    NOON,
    OUT_OF_QUOTA,
    TOO_MANY,
    Clock,
    Comtrade,
    Reply,
    as_json,
    bulk_client,
    data,
    feed_of,
    get_client,
    serving,
    texts_below,
)
from transforms.feeds.checkpoints import Checkpoints, Missing
from transforms.feeds.comtrade import ComtradeGet
from transforms.feeds.comtrade_api import comtrade_fetcher
from transforms.feeds.errors import FetchError, QuotaExhausted
from transforms.feeds.http import Fetched
from transforms.feeds.quota import Quota
from transforms.io.archives import BadFileError
from transforms.settings import Settings

GET = "/data/v1/get/"
LIST = "/data/v1/getDa/"
YEARS = ("2018", "2019", "2020", "2021")


def world_of(*years: str) -> Comtrade:
    world = Comtrade()
    for year in years:
        world.add_unit("842", year)
    return world


def names(home: Path) -> list[str]:
    """Files in the landing folder, without what is declared about them."""
    return sorted(p.name for p in home.rglob("COMTRADE-*") if not p.name.endswith(".entrepot.json"))


# ---------------------------------------------------------------- 429, 403, 500


def test_429_waits_what_the_server_asks_then_goes_on(home: Path) -> None:
    world, clock = world_of("2020"), Clock()
    world.script = [(GET, TOO_MANY), (GET, TOO_MANY)]
    with serving(world):
        report = get_client(world, home, clock).run()
    assert (report.missing, len(report.landed), len(world.paths())) == ((), 1, 3)
    # a second between calls, and twice the seven that Retry-After says
    assert clock.waits == [1.0, 7.0, 7.0]
    assert Quota(home, KEY, clock=clock).calls_today == 4


def test_429_says_in_words_how_long(home: Path) -> None:
    world, clock = world_of("2020"), Clock()
    world.script = [(GET, as_json(429, statusCode=429, message="Rate limit is exceeded. Try again in 2 seconds."))]
    with serving(world):
        assert get_client(world, home, clock).run().missing == ()
    assert clock.waits == [1.0, 2.0]


def test_429_without_end_is_given_up_and_the_key_pauses(home: Path) -> None:
    world, clock = world_of("2020"), Clock()
    world.script = [(GET, TOO_MANY)] * 9
    with serving(world):
        report = get_client(world, home, clock).run()
        assert len(world.paths()) == 4
        assert [(m.unit, m.state) for m in report.missing] == [("842/2020", "failed")]
        assert "status 429" in report.missing[0].reason
    waits = len(clock.waits)
    Quota(home, KEY, clock=clock, sleep=clock.sleep).take()
    assert clock.waits[waits:] == [60.0]


def test_403_quota_stops_every_feed_of_the_key_until_it_begins_anew(home: Path) -> None:
    world, clock = world_of(*YEARS), Clock()
    world.add_file("842", "2020", b"a\tb\n1\t2\n")
    with serving(world):
        client = get_client(world, home, clock, periods=YEARS)
        world.script = [(GET, Reply(200, json.dumps({"count": 0, "data": [], "error": ""}).encode())), (GET, OUT_OF_QUOTA)]
        report = client.run()
        assert report.stopped is not None
        assert "The quota is used up" in report.stopped
        assert f"{report.until:%Y-%m-%d %H:%M}" == "2026-03-02 15:00"
        assert [m.state for m in report.missing] == ["suspect-empty", "failed", "not-asked", "not-asked"]
        count = len(world.asked)
        assert count == 3
        # nobody asks again: not this client, not a new one, not another feed of the key
        assert client.run().stopped is not None
        assert get_client(world, home, clock, periods=YEARS).run().stopped is not None
        assert bulk_client(world, home, clock, name="other").run().stopped is not None
        assert len(world.asked) == count
        clock.now = NOON + 3 * 3600 + 60
        assert client.run().missing == ()
    assert len(names(home)) == 4


def test_our_own_count_of_a_day_stops_before_the_publisher_does(home: Path) -> None:
    world = world_of(*YEARS)
    with serving(world):
        report = get_client(world, home, Clock(), periods=YEARS, per_day=3).run()
    assert (len(world.asked), len(report.landed)) == (3, 2)
    assert report.stopped == "the 3 calls of a day are made: no call with this key before 2026-03-03 00:00:00 UTC"


def test_a_key_that_is_not_let_in_is_no_quota(home: Path) -> None:
    world = world_of("2020")
    world.script = [(LIST, as_json(401, statusCode=401, message="Access denied due to invalid subscription key."))]
    with serving(world):
        with pytest.raises(FetchError, match="doesn't let this key in") as error:
            get_client(world, home, Clock()).run()
        assert error.value.code == 401
        assert len(world.asked) == 1


def test_500_is_tried_again_and_counted(home: Path) -> None:
    world, clock = world_of("2020"), Clock()
    world.script = [(GET, Reply(500))] * 3
    with serving(world):
        report = get_client(world, home, clock).run()
    assert (report.missing, len(report.landed), len(world.paths())) == ((), 1, 4)
    assert Quota(home, KEY, clock=clock).calls_today == 5


def test_a_server_that_is_down_ends_the_run_with_all_that_is_missing_on_record(home: Path) -> None:
    world = world_of(*YEARS)
    world.script = [(GET, Reply(500))] * 99
    with serving(world):
        client = get_client(world, home, Clock(), periods=YEARS)
        with pytest.raises(FetchError, match="status 500"):
            client.run()
        assert len(world.paths()) == 12
    assert [m.state for m in client.missing()] == ["failed", "failed", "failed", "not-asked"]


# ---------------------------------------------------------------- kills


class Killed(BaseException):
    """As a signal would end the run."""


class DiesAfter:
    """A transport that ends the run at its n-th request."""

    def __init__(self, inner: object, requests: int) -> None:
        self._inner, self._left = inner, requests

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        target: Path,
    ) -> Fetched:
        if self._left == 0:
            raise Killed
        self._left -= 1
        return self._inner.get(url, headers=headers, secret_headers=secret_headers, target=target)  # type: ignore[attr-defined,no-any-return]


def dying(world: Comtrade, home: Path, clock: Clock, requests: int) -> DiesAfter:
    return DiesAfter(comtrade_fetcher(feed_of(world), Quota(home, KEY, clock=clock, sleep=clock.sleep), clock=clock), requests)


def test_a_killed_run_resumes_with_the_missing_units_alone(home: Path) -> None:
    world, clock = world_of(*YEARS), Clock()
    with serving(world):
        with pytest.raises(Killed):
            get_client(world, home, clock, periods=YEARS, fetcher=dying(world, home, clock, 3)).run()
        client = get_client(world, home, clock, periods=YEARS)
        assert client.missing() == tuple(Missing(f"842/{year}", "not-asked", "not asked for yet") for year in ("2020", "2021"))
        world.asked.clear()
        report = client.run()
    assert report.missing == ()
    assert [path.partition("period=")[2][:4] for path in world.paths()] == ["2020", "2021"]
    assert names(home) == [f"COMTRADE-API-CA842{year}HS[2024-05-01].json" for year in YEARS]


def test_a_run_killed_between_pieces_asks_for_no_piece_twice(home: Path) -> None:
    world, clock = world_of("2020"), Clock()
    world.cap = 40
    with serving(world):
        with pytest.raises(Killed):
            get_client(world, home, clock, cap=40, fetcher=dying(world, home, clock, 6)).run()
        assert names(home) == []
        first = {path for path in world.paths() if "cmdCode" in path}
        world.asked.clear()
        assert get_client(world, home, clock, cap=40).run().missing == ()
        again = [path for path in world.paths() if "cmdCode" in path and "countOnly" not in path]
    rows = [r["primaryValue"] for n in names(home) for r in json.loads((home / "landing" / "un" / n).read_text("utf-8"))["data"]]
    assert sorted(rows) == list(range(1, 97))
    # an answer at the cap isn't kept; those below it are
    kept = {path for path in first if "countOnly" not in path} - set(again)
    assert len(kept) == 1


def test_sigkill_leaves_the_record_whole(home: Path) -> None:
    """The process dies for good at its third unit; what it had landed is not asked for again."""
    world, clock = world_of(*YEARS), Clock()
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.unit.comtrade_server import Clock, Comtrade, get_client\n"
        "clock, home = Clock(), Path(sys.argv[2])\n"
        "client = get_client(Comtrade(url=sys.argv[1]), home, clock, periods=('2018', '2019', '2020', '2021'))\n"
        "take = client._api.ask\n"
        "def ask(path, query, target):\n"
        "    if (query or {}).get('period') == '2020':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return take(path, query, target)\n"
        "client._api.ask = ask\n"
        "client.run()\n"
    )
    with serving(world):
        ended = subprocess.run(
            [sys.executable, "-c", code, world.url, str(home)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120
        )
        assert ended.returncode == -9
        assert sorted(Checkpoints(home, "un").all()) == ["842/2018", "842/2019"]
        world.asked.clear()
        assert get_client(world, home, clock, periods=YEARS).run().missing == ()
    assert [path.partition("period=")[2][:4] for path in world.paths()] == ["2020", "2021"]


# ---------------------------------------------------------------- answers that can't be believed


def whole_body(rows: int = 3) -> bytes:
    """An answer of the scripted world."""
    return data(world_of("2020").rows[:rows]).body


@pytest.mark.parametrize(
    ("reply", "word", "tries"),
    [
        (Reply(200, whole_body(), cut=100), "cut off", 4),
        (Reply(200, whole_body()[:-20]), "ends early or is no JSON", 1),
        (Reply(200, whole_body(60)[:-400]), "ends early or is no JSON", 1),
        (data(world_of("2020").rows[:3], count=4), "says count 4 and holds 3 records", 1),
        (data(world_of("2020").rows[:3], count=0), "says count 0 and holds 3 records", 1),
        (data(world_of("2021").rows[:3]), "has period '2021', which was not asked for", 1),
        (data([], error="Invalid parameter: period"), "Invalid parameter: period", 1),
        (as_json(statusCode=429, message="Rate limit is exceeded."), "Rate limit is exceeded", 1),
        (as_json(statusCode=404, message="Resource not found"), "Resource not found", 1),
        (as_json(elapsedTime="0 secs"), "has no count", 1),
        (Reply(200, b"<!DOCTYPE html><html><body>503</body></html>"), "HTML or XML page", 1),
    ],
)
def test_an_answer_that_cannot_be_believed_lands_nothing(home: Path, reply: Reply, word: str, tries: int) -> None:
    world, clock = world_of("2020"), Clock()
    world.script = [(GET, reply)] * 4
    with serving(world):
        report = get_client(world, home, clock).run()
        assert [m.state for m in report.missing] == ["failed"]
        assert word in report.missing[0].reason
        assert (names(home), len(world.paths())) == ([], tries)
        world.script = []
        assert get_client(world, home, clock).run().missing == ()
    assert names(home) == ["COMTRADE-API-CA8422020HS[2024-05-01].json"]


@pytest.mark.parametrize("status", [200, 204])
def test_an_answer_without_a_body_is_a_suspect_empty_one(home: Path, status: int) -> None:
    world = world_of("2020")
    world.script = [(GET, Reply(status))]
    with serving(world):
        report = get_client(world, home, Clock()).run()
    assert [(m.unit, m.state) for m in report.missing] == [("842/2020", "suspect-empty")]


def test_a_list_without_a_body_confirms_nothing(home: Path) -> None:
    world = world_of("2020")
    world.script = [(LIST, Reply(200))]
    with serving(world), pytest.raises(BadFileError, match="is not taken for an empty list"):
        get_client(world, home, Clock()).run()
    assert Checkpoints(home, "un").all() == {}


def test_a_list_without_a_day_of_release_fails_that_unit_alone(home: Path) -> None:
    world = world_of("2019", "2020")
    world.releases["842", "2019"] = ""
    with serving(world):
        report = get_client(world, home, Clock(), periods=("2019", "2020")).run()
    assert [(m.unit, m.state) for m in report.missing] == [("842/2019", "failed")]
    assert "says no day of publication" in report.missing[0].reason
    assert names(home) == ["COMTRADE-API-CA8422020HS[2024-05-01].json"]


def test_a_server_that_passes_over_a_filter_gives_no_row_twice(home: Path) -> None:
    """Pieces are asked for; the server answers one of them with the beginning of the whole."""
    world = world_of("2020")
    world.cap = 90
    world.script = [(f"{GET}C/A/HS?reporterCode=842&period=2020&cmdCode=84", data(world.rows[:50]))]
    with serving(world):
        report = get_client(world, home, Clock(), cap=90).run()
    assert report.missing[0].reason.endswith(
        "record 9 has cmdCode '01', which was not asked for (reporter 842, period 2020, 5 products, 84 to TOTAL); the answer is refused"
    )
    assert names(home) == []


# ---------------------------------------------------------------- bulk files


def bulk_world(content: bytes = b"typeCode\tfreqCode\n" + b"C\tA\n" * 500) -> Comtrade:
    world = Comtrade()
    world.add_file("842", "2020", content)
    return world


def test_a_bulk_file_cut_off_or_of_another_kind_lands_nothing(home: Path) -> None:
    world, clock = bulk_world(os.urandom(4000).hex().encode() + b"\nrow\n"), Clock()
    (path, body), *_ = world.bodies.items()
    with serving(world):
        for wrong, word in (
            (body[:-8], "ends early"),
            (body[: len(body) * 2 // 3], "where UN Comtrade's list says about"),
            (gzip.decompress(body)[: len(body)], "is no gzip file"),
            (body[:-8] + b"\0" * 8, "the archive is damaged"),
            (b"<html>" + b" " * (len(body) - 6), "HTML or XML page"),
        ):
            world.bodies[path] = wrong
            report = bulk_client(world, home, clock).run()
            assert [(m.unit, m.state) for m in report.missing] == [("842/2020/H6", "failed")]
            assert word in report.missing[-1].reason
            assert names(home) == []
        world.bodies[path] = body
        assert [p.name for p in bulk_client(world, home, clock).run().landed] == ["COMTRADE-FINAL-CA8422020H6[2024-05-01].gz"]


def test_a_bulk_file_without_rows_is_no_data(home: Path) -> None:
    world = bulk_world(b"typeCode\tfreqCode\n")
    with serving(world):
        report = bulk_client(world, home, Clock()).run()
    assert "holds no rows" in report.missing[-1].reason
    assert names(home) == []


def test_a_bulk_run_stops_at_the_quota_and_goes_on_where_it_was(home: Path) -> None:
    world, clock = bulk_world(), Clock()
    world.add_file("156", "2020", b"a\tb\n1\t2\n")
    world.script = [("/bulk/v1/file/842", OUT_OF_QUOTA)]
    with serving(world):
        client = bulk_client(world, home, clock, reporters=())
        report = client.run()
        assert ([p.name for p in report.landed], report.stopped is not None) == (["COMTRADE-FINAL-CA1562020H6[2024-05-01].gz"], True)
        assert (client.run().stopped is not None, len(world.asked)) == (True, 3)
        clock.now += 4 * 3600
        assert [p.name for p in client.run().landed] == ["COMTRADE-FINAL-CA8422020H6[2024-05-01].gz"]
    assert len(world.paths("/bulk/v1/file/156")) == 1


# ---------------------------------------------------------------- the key


def said_back(status: int) -> Reply:
    """A server that repeats what it was sent."""
    return as_json(status, statusCode=status, message=f"no access for {KEY} at ?subscription-key={KEY}", error=f"key {KEY}")


def ours(error: BaseException) -> str:
    """The variables of every frame of the project, as a debugger or an error reporter shows them."""
    found = []
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if f"{os.sep}transforms{os.sep}" in frame.f_code.co_filename:
            found.append(repr(frame.f_locals))
    assert found
    return "\n".join(found)


@pytest.mark.parametrize("where", [LIST, GET])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
def test_the_key_is_in_no_log_no_error_and_no_file(
    home: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], status: int, where: str
) -> None:
    caplog.set_level(logging.DEBUG)
    world, clock, told = world_of(*YEARS), Clock(), ""
    world.script = [(where, said_back(status))] * 40
    with serving(world):
        client = get_client(world, home, clock, periods=YEARS)
        try:
            told = repr(client.run())
        except (FetchError, BadFileError) as error:
            told = "".join(traceback.format_exception(error)) + repr(vars(error)) + ours(error)
    told += repr(client) + repr(vars(client)) + repr(vars(client._api)) + caplog.text + "".join(capfd.readouterr())
    assert "[key]" in told
    assert KEY not in told
    assert KEY.encode() not in texts_below(home)
    assert all(KEY not in path for path in world.asked)
    assert set(world.keys) == {KEY}


def test_the_key_in_a_body_that_cannot_be_read_is_hidden(home: Path) -> None:
    world = world_of("2020")
    world.script = [(GET, Reply(200, b'{"count": 1, "data": [' + b'{"x": 1},' * 9000 + f'{{"a": {KEY}'.encode()))]
    with serving(world):
        report = get_client(world, home, Clock()).run()
    assert "ends early or is no JSON" in report.missing[0].reason
    assert KEY.encode() not in texts_below(home)


def test_a_transport_that_leaks_is_cleaned(home: Path) -> None:
    """Whatever stands in for the fetcher: its errors are told again without the key."""

    class Leaks:
        def get(self, url: str, *, secret_headers: Mapping[str, str] | None = None, target: Path, **_: object) -> Fetched:
            raise FetchError(f"{url}: sent {secret_headers['Ocp-Apim-Subscription-Key'] if secret_headers else ''}", code=500)

    client = get_client(Comtrade(url="http://127.0.0.1:1"), home, Clock(), fetcher=Leaks())
    with pytest.raises(FetchError) as error:
        client.run()
    assert str(error.value) == "http://127.0.0.1:1/data/v1/getDa/C/A/HS?period=2020&reporterCode=842: sent [key]"
    assert error.value.__context__ is None
    assert error.value.code == 500


def test_the_key_may_stand_in_a_file_and_goes_to_no_other_host(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "key.txt"
    file.write_text(f"{KEY}\n", "utf-8")
    with serving(world_of("2020")) as world, serving(Comtrade()) as other:
        world.script = [(GET, Reply(302, headers=(("Location", f"{other.url.replace('127.0.0.1', 'localhost')}/taken"),)))]
        clock = Clock()
        feed = feed_of(world, key_env=None, key_file=file)
        quota = Quota(home, KEY, clock=clock, sleep=clock.sleep)
        report = ComtradeGet(feed, Settings(home=home), environment=ENVIRONMENT, quota=quota, clock=clock).run()
        assert [m.state for m in report.missing] == ["failed"]
        assert other.asked == []
        # a redirect inside the allow-list is followed, without the key
        world.script = [(GET, Reply(302, headers=(("Location", f"{other.url}/taken"),)))]
        other.bodies["/taken"] = data(world.rows).body
        report = ComtradeGet(feed, Settings(home=home), environment=ENVIRONMENT, quota=quota, clock=clock).run()
    assert (report.missing, other.keys, world.keys[0]) == ((), [None], KEY)


def test_a_used_up_quota_of_a_long_retry_after(home: Path) -> None:
    """429 with a wait of hours is no wait: the run stops, and nobody asks before then."""
    world, clock = world_of("2020"), Clock()
    world.script = [(GET, as_json(429, (("Retry-After", "86400"),), statusCode=429, message="Too many requests"))]
    with serving(world):
        report = get_client(world, home, clock).run()
        assert report.stopped is not None
        assert len(world.paths()) == 1
        with pytest.raises(QuotaExhausted):
            Quota(home, KEY, clock=clock, sleep=clock.sleep).take()
