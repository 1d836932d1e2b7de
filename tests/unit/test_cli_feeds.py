"""entrepot feeds, what stands behind it, and freshness by source and period."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.cli.configuration import DECLARATIONS, configuration_text
from orchestration.feeds import ask_feed
from orchestration.freshness import Freshness, freshness
from orchestration.standing import Lack, due_feeds, lacks, quota_left, standing
from tests.unit import comtrade_server as un
from tests.unit.cli_runner import entrepot
from tests.unit.misbehaving import Answer, Misbehaving, refusal
from transforms.contracts.feed import Feed
from transforms.contracts.ops import LEDGER
from transforms.contracts.records import LedgerLine
from transforms.core.ledger import write
from transforms.feeds.errors import FeedError
from transforms.feeds.state import FeedState, Part, is_due, looking, read_state, write_state
from transforms.io import lake
from transforms.io.release_hold import hold
from transforms.io.snapshot import take_snapshot
from transforms.settings import Settings, load_settings

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2025, 4, 1, 2, tzinfo=UTC)
MIDNIGHT = datetime(2025, 4, 2, tzinfo=UTC)
HEADER = b"t,i,j,k,v,q\n"
NAMES = {year: f"BACI_HS17_Y{year}_V202401.csv" for year in ("2020", "2021")}


def table(year: str, value: str = "0.727") -> bytes:
    return HEADER + f"{year},4,36,071120,{value},0.308\n".encode()


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        for year, name in NAMES.items():
            running.script(f"/{name}", Answer(body=table(year), headers={"ETag": f'"{year}"'}))
        yield running


def declare(home: Path, server: Misbehaving, *, cadence: str = "yearly", more: str = "") -> None:
    (home / "entrepot.toml").write_text(f"""
[feeds.baci]
source = "baci"
url = "{server.url("/BACI_HS17_Y{year}_V202401.csv")}"
periods = ["2020", "2021"]
cadence = "{cadence}"
allow_loopback = true
{more}
""")


def test_without_a_feed_it_says_how_to_declare_one(capsys: Capture, home: Path) -> None:
    for command in (["list"], ["ask"]):
        done = entrepot(capsys, home, "feeds", *command)
        assert (done.code, done.out) == (
            0,
            "no feed is declared: docs/feeds.md shows how, entrepot.toml holds them as [feeds.NAME]\n",
        )
    done = entrepot(capsys, home, "feeds", "ask", "baci")
    assert done.code == 2
    assert "has no feed 'baci'; no feed is declared" in done.err


def test_asking_lands_what_is_new_and_says_what_comes_next(capsys: Capture, home: Path, server: Misbehaving) -> None:
    declare(home, server)
    before = entrepot(capsys, home, "feeds", "list").out.splitlines()
    assert re.split(r"\s{2,}", before[0]) == ["feed", "source", "cadence", "last asked", "newest", "expected", "status", "next due"]
    assert before[2].split() == ["baci", "baci", "yearly", "2021", "never", "asked", "now"]
    done = entrepot(capsys, home, "feeds", "ask", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:3] == ["baci: new; 2 new", f"  baci/{NAMES['2020']}", f"  baci/{NAMES['2021']}"]
    assert done.out.splitlines()[3].endswith(f" run {home / 'landing'}")
    assert (home / "landing" / "baci" / NAMES["2021"]).read_bytes() == table("2021")
    (told,) = json.loads(entrepot(capsys, home, "feeds", "list", "--json").out)
    state = read_state(home, "baci")
    assert state.last_checked is not None
    expected = {
        "feed": "baci",
        "source": "baci",
        "kind": "file",
        "cadence": "yearly",
        "last_asked": str(state.last_checked),
        "newest": "2021",
        "expected": "2021",
        "is_lacking": False,
        "status": "ok",
        "message": "2 new",
        "broken_since": None,
        "next_due": str(state.last_checked + timedelta(days=365) - timedelta(hours=1)),
    }
    assert told == expected
    assert entrepot(capsys, home, "feeds", "ask").out == "no feed is due: `entrepot feeds list` says when, --force asks all now\n"
    assert entrepot(capsys, home, "feeds", "ask", "baci", "-q").out == "baci: current; 0 new\n"
    assert server.asked[-1].headers["If-None-Match"] == '"2021"'
    assert [server.count(f"/{name}") for name in NAMES.values()] == [1, 2]


def test_a_broken_feed_ends_with_1_and_stops_no_other(capsys: Capture, home: Path, server: Misbehaving) -> None:
    server.script("/gone.csv", refusal(410))
    url = server.url("/gone.csv")
    declare(home, server, more=f'[feeds.aa]\nsource = "baci"\nurl = "{url}"\ncadence = "daily"\nallow_loopback = true\n')
    done = entrepot(capsys, home, "feeds", "ask", "--json", "-q")
    assert done.code == 1
    assert [(a["feed"], a["status"], a["alert"], len(a["files"])) for a in json.loads(done.out)] == [
        ("aa", "broken", True, 0),
        ("baci", "new", False, 2),
    ]
    again = entrepot(capsys, home, "feeds", "ask", "aa", "--json", "-q")
    assert [(a["status"], a["alert"]) for a in json.loads(again.out)] == [("broken", False)]
    assert "/gone.csv: status 410" in entrepot(capsys, home, "feeds", "list").out
    assert entrepot(capsys, home, "feeds", "ask", "baci", "nonsense").code == 2


def test_force_asks_before_the_time_that_the_publisher_named(capsys: Capture, home: Path, server: Misbehaving) -> None:
    server.script(f"/{NAMES['2020']}", refusal(403, "Out of call volume quota."), Answer(body=table("2020")))
    declare(home, server, cadence="manual")
    assert "no feed is due" in entrepot(capsys, home, "feeds", "ask").out
    assert entrepot(capsys, home, "feeds", "ask", "baci", "-q").code == 0
    assert read_state(home, "baci").status == "quota"
    waits = entrepot(capsys, home, "feeds", "ask", "baci", "-q")
    assert (waits.code, waits.out[:24]) == (0, "baci: waiting; not befor")
    assert len(server.asked) == 1
    assert entrepot(capsys, home, "feeds", "ask", "--force", "-q").out.startswith("baci: new; 2 new\n")


def test_by_hand_a_held_home_is_asked_and_told(capsys: Capture, home: Path, server: Misbehaving) -> None:
    declare(home, server)
    hold(home, "rolled back")
    done = entrepot(capsys, home, "feeds", "ask")
    assert "the schedule is held (rolled back" in done.err
    assert done.out.startswith("baci: new; 2 new\n")


def test_what_a_file_feed_lacks(capsys: Capture, home: Path, server: Misbehaving) -> None:
    server.script(f"/{NAMES['2021']}", refusal(404))
    declare(home, server)
    (feed,) = load_settings(home, {}).feeds
    assert lacks(Settings(home), feed, FeedState("baci"), NOW.date()) == (
        Lack("2020", None, "2020", "not-asked", "not asked for yet"),
        Lack("2021", None, "2021", "not-asked", "not asked for yet"),
    )
    entrepot(capsys, home, "feeds", "ask")
    (lack,) = json.loads(entrepot(capsys, home, "feeds", "missing", "baci", "--json").out)
    assert (lack["unit"], lack["period"], lack["state"], lack["reason"][:20]) == ("2021", "2021", "late", "not there at the loo")
    server.script(f"/{NAMES['2021']}", Answer(body=table("2021")))
    entrepot(capsys, home, "feeds", "ask", "baci")
    assert entrepot(capsys, home, "feeds", "missing", "baci").out == "baci: nothing is missing\n"


@pytest.fixture
def world() -> Iterator[un.Comtrade]:
    with un.serving(un.Comtrade()) as running:
        running.add_unit("842", "2020")
        yield running


def test_a_comtrade_feed_is_asked_through_the_same_door(home: Path, world: un.Comtrade) -> None:
    feed = un.feed_of(world, reporters=("842", "156"), cadence="weekly", lag_days=180)
    settings = Settings(home, feeds=(feed,))
    noon = datetime.fromtimestamp(un.NOON, UTC)
    assert due_feeds(settings, noon) == (feed,)
    answer = ask_feed(settings, feed, noon, environment=un.ENVIRONMENT)
    assert (answer.status, answer.message, answer.alert) == ("new", "1 new; 1 of those wanted not published", False)
    assert [p.name for p in answer.files] == ["COMTRADE-API-CA8422020HS[2024-05-01].json"]
    assert [p.parent for p in answer.files] == [home / "landing" / "un"]
    found = standing(settings, feed, noon)
    assert (found.newest, found.expected, found.is_lacking) == ("2020", "2020", False)
    assert found.next_due == noon + timedelta(days=7) - timedelta(hours=1)
    assert lacks(settings, feed, found.state, noon.date()) == (
        Lack("156/2020", "156", "2020", "empty-confirmed", "UN Comtrade's list has none"),
    )
    assert ask_feed(settings, feed, noon + timedelta(minutes=1), environment=un.ENVIRONMENT).status == "current"
    assert quota_left(settings, feed, noon, un.ENVIRONMENT) == 500
    with pytest.raises(FeedError, match="holds no key; put the publisher's key there"):
        quota_left(settings, feed, noon, {})


def test_the_end_of_a_quota_is_waited_for(home: Path, world: un.Comtrade) -> None:
    world.script.append(("/data/v1/get/", un.OUT_OF_QUOTA))
    feed = un.feed_of(world, cadence="weekly")
    settings, noon = Settings(home, feeds=(feed,)), datetime.fromtimestamp(un.NOON, UTC)
    answer = ask_feed(settings, feed, noon, environment=un.ENVIRONMENT)
    assert (answer.status, answer.files, answer.alert) == ("quota", (), False)
    until = read_state(home, "un").next_allowed
    assert until is not None
    assert timedelta(hours=3) <= until - noon < timedelta(hours=3, minutes=1)
    assert quota_left(settings, feed, noon, un.ENVIRONMENT) == 0
    asked = len(world.asked)
    assert due_feeds(settings, noon + timedelta(hours=2)) == ()
    assert ask_feed(settings, feed, noon + timedelta(hours=2), environment=un.ENVIRONMENT).status == "waiting"
    assert len(world.asked) == asked
    assert due_feeds(settings, until) == (feed,)
    assert ask_feed(settings, feed, until, environment=un.ENVIRONMENT).status == "new"


def test_two_processes_dont_run_one_comtrade_feed(home: Path, world: un.Comtrade) -> None:
    feed = un.feed_of(world)
    with looking(home, "un") as is_ours:
        answer = ask_feed(Settings(home, feeds=(feed,)), feed, NOW, environment=un.ENVIRONMENT)
    assert (is_ours, answer.status, answer.message, world.asked) == (True, "waiting", "another process is asking it", [])


def test_what_cant_be_asked_is_an_answer(home: Path, world: un.Comtrade) -> None:
    feed = un.feed_of(world, cadence="daily")
    settings = Settings(home, feeds=(feed,))
    first, second = (ask_feed(settings, feed, NOW, environment={}) for _ in range(2))
    assert (first.status, first.alert, second.alert) == ("broken", True, False)
    assert f"the environment variable {un.KEY_VARIABLE} holds no key" in first.message
    assert world.asked == []
    (home / "ops" / "feeds" / "un.json").write_text("{")
    unreadable = ask_feed(settings, feed, NOW, environment={})
    assert (unreadable.status, unreadable.alert) == ("broken", True)
    assert "isn't the state of a feed" in unreadable.message
    assert due_feeds(settings, NOW) == (feed,)
    forced = ask_feed(settings, feed, NOW, is_forced=True, environment={})
    assert (forced.status, forced.message) == (unreadable.status, unreadable.message)


def test_a_state_that_cant_be_read_hides_no_other_feed(capsys: Capture, home: Path, server: Misbehaving) -> None:
    declare(home, server, more=f'[feeds.aa]\nsource = "baci"\nurl = "{server.url("/a.csv")}"\nallow_loopback = true\n')
    (home / "ops" / "feeds").mkdir(parents=True)
    (home / "ops" / "feeds" / "aa.json").write_text("{")
    done = entrepot(capsys, home, "feeds", "list", "--json")
    assert [(f["feed"], f["status"]) for f in json.loads(done.out)] == [("aa", "broken"), ("baci", "never asked")]
    assert "aa.json: isn't the state of a feed" in entrepot(capsys, home, "feeds", "list").out
    missing = entrepot(capsys, home, "feeds", "missing", "aa")
    assert (missing.code, "aa.json: isn't the state of a feed" in missing.err) == (2, True)


def test_a_folder_that_cant_be_written_breaks_its_own_feed(capsys: Capture, home: Path, server: Misbehaving) -> None:
    declare(home, server, more=f'[feeds.aa]\nsource = "baci"\nurl = "{server.url("/" + NAMES["2020"])}"\nallow_loopback = true\n')
    (home / "landing").mkdir()
    (home / "landing" / "aa").write_text("no folder")
    answers = [json.loads(entrepot(capsys, home, "feeds", "ask", "aa", "baci", "--json", "-q").out) for _ in range(2)]
    assert [[(a["feed"], a["status"], a["alert"]) for a in both] for both in answers] == [
        [("aa", "broken", True), ("baci", "new", False)],
        [("aa", "broken", False), ("baci", "current", False)],
    ]
    assert server.count(f"/{NAMES['2020']}") == 1


def test_missing_names_reporters_and_periods(capsys: Capture, home: Path, world: un.Comtrade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(un.KEY_VARIABLE, un.KEY)
    (home / "entrepot.toml").write_text(f"""
[feeds.un]
source = "comtrade"
kind = "comtrade"
url = "{world.url}"
allow_loopback = true
key_env = "{un.KEY_VARIABLE}"
reporters = ["842", "156"]
periods = ["2020"]
""")
    lines = entrepot(capsys, home, "feeds", "missing", "un").out.splitlines()
    assert [re.split(r"\s{2,}", line.strip()) for line in (lines[0], *lines[2:])] == [
        ["reporter", "period", "state", "reason"],
        ["156", "2020", "not-asked", "not asked for yet"],
        ["842", "2020", "not-asked", "not asked for yet"],
    ]
    done = entrepot(capsys, home, "feeds", "ask", "un")
    assert done.code == 0
    assert entrepot(capsys, home, "feeds", "missing", "un").out.splitlines()[2].split()[:3] == ["156", "2020", "empty-confirmed"]
    assert un.KEY in world.keys
    shown = done.out + done.err + entrepot(capsys, home, "feeds", "list", "--json").out + entrepot(capsys, home, "feeds", "list").out
    assert un.KEY not in shown
    assert [p for p in home.rglob("*") if p.is_file() and un.KEY.encode() in p.read_bytes()] == []


def fetched(feed: Feed, *periods: str, **changed: object) -> FeedState:
    parts = {p: Part(p, p, None, "0" * 64, None, None, f"{p}.csv", NOW) for p in periods}
    return FeedState(feed.name, last_checked=NOW, parts=parts, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(("cadence", "lag_days", "periods", "changed", "expected"), [
    ("weekly", 80, ("2023", "2024"), {}, datetime(2025, 4, 8, 1, tzinfo=UTC)),
    ("weekly", 80, ("2023",), {}, datetime(2025, 4, 2, 1, tzinfo=UTC)),
    ("weekly", 80, ("2023", "2024"), {"status": "broken"}, datetime(2025, 4, 2, 1, tzinfo=UTC)),
    ("weekly", 80, ("2023", "2024"), {"next_allowed": datetime(2025, 4, 30, tzinfo=UTC)}, datetime(2025, 4, 30, tzinfo=UTC)),
    ("weekly", 80, ("2023", "2024"), {"status": "quota", "next_allowed": MIDNIGHT}, MIDNIGHT),
    # 2025 is out 80 days after its end: the year's look isn't waited for
    ("yearly", 80, ("2023", "2024"), {}, datetime(2026, 3, 21, tzinfo=UTC)),
    ("manual", 80, (), {}, None),
])  # fmt: skip
def test_next_due_is_when_the_schedule_asks(
    home: Path, cadence: str, lag_days: int, periods: tuple[str, ...], changed: dict[str, object], expected: datetime | None
) -> None:
    feed = Feed("x", "baci", "https://x.example/{year}.csv", first_period="2023", cadence=cadence, lag_days=lag_days)  # type: ignore[arg-type]
    settings = Settings(home, feeds=(feed,))
    write_state(home, fetched(feed, *periods, **changed))
    assert standing(settings, feed, NOW).next_due == expected
    if expected is None:
        assert due_feeds(settings, NOW + timedelta(days=4000)) == ()
        return
    assert due_feeds(settings, expected) == (feed,)
    assert due_feeds(settings, expected - timedelta(minutes=1)) == ()
    assert is_due(feed, read_state(home, "x"), expected, missing=standing(settings, feed, expected).is_lacking)


def in_lake(home: Path, source: str, *periods: str) -> None:
    lines = [LedgerLine("ingest", "reported_flows", source, int(p[:4]), "M" if len(p) > 4 else "A", p, "out", 3, 1500) for p in periods]
    for file in write(home, lines):
        lake.commit(home, LEDGER, {"/".join(f"{k}={v}" for k, v in file.partition): [file]})


def test_filling_in_an_old_year_makes_no_source_fresh(home: Path) -> None:
    feed = Feed("x", "baci", "https://x.example/{year}.csv", first_period="2019", cadence="weekly", lag_days=80)
    settings, today = Settings(home, feeds=(feed,)), date(2025, 4, 1)
    empty = Freshness("baci", "A", None, "2024", 11, False, ("2019", "2020", "2021", "2022", "2023", "2024"))
    assert freshness(settings, today) == (empty,)
    in_lake(home, "baci", "2022")
    late = Freshness("baci", "A", "2022", "2024", 377, False, ("2019", "2020", "2021", "2023", "2024"))
    assert freshness(settings, today) == (late,)
    assert late.said == "377 days late: 2024 is out, 2022 is here"
    in_lake(home, "baci", "2019")
    assert freshness(settings, today) == (Freshness("baci", "A", "2022", "2024", 377, False, ("2020", "2021", "2023", "2024")),)
    in_lake(home, "baci", "2024")
    assert freshness(settings, today) == (Freshness("baci", "A", "2024", "2024", 0, True, ("2020", "2021", "2023")),)
    assert freshness(Settings(home), today) == ()


def test_sources_says_how_fresh_each_is(capsys: Capture, home: Path, server: Misbehaving) -> None:
    path = home.parent / NAMES["2020"]
    path.write_bytes(table("2020"))
    take_snapshot(path, Settings(home))
    (told,) = json.loads(entrepot(capsys, home, "sources", "--json").out)
    assert told["freshness"] == []
    declare(home, server, more="lag_days = 80")
    in_lake(home, "baci", "2020")
    (told,) = json.loads(entrepot(capsys, home, "sources", "--json").out)
    late = (datetime.now(UTC).date() - date(2022, 3, 21)).days
    assert told["freshness"] == [
        {
            "source": "baci",
            "frequency": "A",
            "newest": "2020",
            "expected": "2021",
            "days_late": late,
            "is_fresh": False,
            "lacking": ["2021"],
        }
    ]
    assert f"  {late} days late: 2021 is out, 2020 is here" in entrepot(capsys, home, "sources").out


def test_years_say_nothing_about_months(home: Path) -> None:
    annual = Feed("a", "comtrade", "https://x.example/{year}.csv", first_period="2023", lag_days=90)
    monthly = Feed("m", "comtrade", "https://x.example/{period}.csv", first_period="202411", frequency="M", lag_days=45)
    settings = Settings(home, feeds=(annual, monthly))
    in_lake(home, "comtrade", "2023", "2024", "2024-11")
    assert freshness(settings, date(2025, 4, 1)) == (
        Freshness("comtrade", "A", "2024", "2024", 0, True, ()),
        # December's was due on 14 February, January's on 17 March
        Freshness("comtrade", "M", "202411", "202501", 46, False, ("202412", "202501")),
    )


def uncommented(text: str) -> str:
    return re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)


def test_the_examples_of_init_work_once_uncommented(home: Path) -> None:
    (home / "entrepot.toml").write_text(uncommented(configuration_text()))
    settings = load_settings(home, {})
    assert [(f.name, f.source, f.kind, f.frequency, f.hosts) for f in settings.feeds] == [
        ("baci", "baci", "file", "A", ("www.cepii.fr",)),
        ("comext", "comext", "file", "M", ("ec.europa.eu",)),
        ("comtrade", "comtrade", "comtrade_bulk", "A", ("comtradeapi.un.org",)),
    ]
    layout = settings.catalog.layouts["thai_customs_imports"]
    assert {f.name: f.to for f in layout.fields}["CIF Value (Baht)"] == "reported_value_usd"
    assert [(a.layout, a.column, a.also, a.since) for a in settings.catalog.aliases] == [("baci", "v", "value_kusd", date(2026, 11, 1))]
    assert Decimal(dict(settings.catalog.rates["EUR"])["2026-12"]) == Decimal("1.17")
    assert dict(settings.catalog.rates["THB"]) == {"2024": "0.02835"}
    assert uncommented(DECLARATIONS).count("\n[") == 9


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "feeds.md").read_text("utf-8"), re.DOTALL))
def test_the_examples_of_the_documentation_work(home: Path, example: str) -> None:
    assert tomllib.loads(example)
    (home / "entrepot.toml").write_text(example)
    assert load_settings(home, {}).feeds


def test_the_documentation_names_what_there_is() -> None:
    text = (ROOT / "docs" / "feeds.md").read_text("utf-8")
    assert len(re.findall(r"```toml\n", text)) >= 4
    for word in (
        "429",
        "quota",
        "empty",
        "broken",
        "redistribution",
        "entrepot feeds list",
        "entrepot feeds ask",
        "entrepot feeds missing",
    ):
        assert word in text, word
