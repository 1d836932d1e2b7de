"""[feeds.NAME]: what can be declared, and what is refused with which words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from transforms.contracts.feed import Feed
from transforms.contracts.layouts import BUILT_IN
from transforms.declared.checks import DeclarationError
from transforms.declared.feeds import declared_feeds
from transforms.declared.template import filled
from transforms.feeds.errors import FeedError
from transforms.feeds.keys import Redactor, Secret, key_headers, key_of, shown_url

CONFIG = Path("/home/entrepot.toml")
BASE = {"source": "ministry", "url": "https://data.example.org/{period}.csv", "first_period": "2020"}


def declared(text: str) -> Feed:
    (feed,) = declared_feeds(tomllib.loads(text)["feeds"], CONFIG)
    return feed


def refused(**changed: object) -> str:
    table = {key: value for key, value in {**BASE, **changed}.items() if value is not None}
    with pytest.raises(DeclarationError) as error:
        declared_feeds({"x": table}, CONFIG)
    assert str(error.value).startswith(f"{CONFIG} [feeds.x]")
    return str(error.value).removeprefix(f"{CONFIG} [feeds.x]").removeprefix(": ")


def test_a_file_feed_with_its_defaults() -> None:
    feed = declared('[feeds.x]\nsource = "ministry"\nurl = "https://data.example.org/{period}.csv"\nfirst_period = "2020"\n')
    assert feed == Feed("x", "ministry", "https://data.example.org/{period}.csv", hosts=("data.example.org",), first_period="2020")
    assert (feed.kind, feed.cadence, feed.lag_days, feed.frequency, feed.recheck_periods) == ("file", "manual", 0, "A", 1)
    assert (feed.allow_loopback, feed.maximum_bytes, feed.timeout_seconds, feed.licence) == (False, 8 * 2**30, 3600, None)


def test_everything_can_be_said() -> None:
    feed = declared(
        """
        [feeds.baci]
        source = "baci"
        layout = "baci"
        url = "https://www.cepii.example/BACI_{edition}_{release}.zip"
        hosts = ["www.cepii.example", "files.cepii.example"]
        release = "V{year+2}01"
        editions = ["HS92", "HS17"]
        cadence = "weekly"
        lag_days = 390
        first_period = "2022"
        licence = "Etalab 2.0"
        attribution = "CEPII"
        redistribution = "open"
        key_file = "secrets/key"
        key_header = "X-Key"
        maximum_bytes = 1000
        timeout_seconds = 60
        recheck_periods = 3
        """
    )
    assert (feed.hosts, feed.release, feed.editions) == (("www.cepii.example", "files.cepii.example"), "V{year+2}01", ("HS92", "HS17"))
    assert (feed.key_file, feed.key_header, feed.cadence) == (Path("/home/secrets/key"), "X-Key", "weekly")
    assert (feed.lag_days, feed.redistribution, feed.maximum_bytes, feed.recheck_periods) == (390, "open", 1000, 3)


def test_a_comtrade_feed_needs_no_url() -> None:
    feed = declared(
        '[feeds.c]\nkind = "comtrade"\nreporters = ["842", "156"]\nflows = ["M"]\nperiods = ["2022"]\nkey_env = "COMTRADE_KEY"\n'
    )
    assert (feed.source, feed.url, feed.hosts) == ("comtrade", "https://comtradeapi.un.org", ("comtradeapi.un.org",))
    assert (feed.reporters, feed.flows, feed.classification, feed.periods) == (("842", "156"), ("M",), "HS", ("2022",))


def test_a_server_on_this_machine_needs_leave() -> None:
    said = {**BASE, "url": "http://127.0.0.1:8000/{period}.csv"}
    assert "begins with http://" in refused(**said)
    assert "begins with http://" in refused(url="http://data.example.org/{period}.csv", allow_loopback=True)
    assert declared_feeds({"x": {**said, "allow_loopback": True}}, CONFIG)[0].hosts == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"source": None}, 'lacks source; write the name of a source, as "baci"'),
        ({"url": None}, 'lacks url; write an address in quotes, as "https://example.org/trade_{period}.zip"'),
        ({"cadence": "nightly"}, 'cadence = \'nightly\' should be one of "daily", "weekly", "monthly", "yearly", "manual"'),
        ({"kind": "ftp"}, 'kind = \'ftp\' should be one of "file", "comtrade", "comtrade_bulk"'),
        ({"lag_days": -1}, "lag_days = -1 should be a number of days, 0 to 3660"),
        ({"lag_days": True}, "lag_days = True should be a number of days"),
        ({"frequency": "Q"}, 'frequency = \'Q\' should be "A" (annual) or "M" (monthly)'),
        ({"first_period": "202001"}, 'first_period has \'202001\'; with frequency "A" a period is written "2017"'),
        ({"first_period": "2020", "frequency": "M"}, 'with frequency "M" a period is written "201701"'),
        ({"periods": ["2020", "20"]}, "periods has '20'"),
        ({"periods": [2020]}, 'periods = [2020] should be a list of periods in quotes, as ["2022", "2023"]'),
        ({"first_period": "1850"}, "first_period has '1850'; with frequency \"A\" a period is written"),
        ({"kind": "comtrade", "source": "comtrade", "url": None, "first_period": "1850"}, "first_period has '1850'"),
        ({"kind": "comtrade", "source": "comtrade", "url": None, "periods": ["2020", "202001"]}, "periods has '202001'"),
        ({"kind": "comtrade", "source": "comtrade", "url": None, "first_period": None}, 'says no periods; write first_period = "2017"'),
        (
            {"kind": "comtrade_bulk", "source": "comtrade", "url": None, "first_period": None, "frequency": "M"},
            'says no periods; write first_period = "201701", or periods = ["201701"]',
        ),
        ({"first_period": None}, "url names a period, so first_period is needed"),
        ({"hosts": ["https://data.example.org"]}, "lower case, without https:// and port"),
        ({"hosts": ["other.example.org"]}, "hosts lacks the url's own host; add 'data.example.org'"),
        ({"redistribution": "free"}, "redistribution = 'free' should be one of"),
        ({"maximum_bytes": 0}, "maximum_bytes = 0 should be a number of bytes, at least 1"),
        ({"allow_loopback": "yes"}, "allow_loopback = 'yes' should be true or false"),
        (
            {"key_env": "A B"},
            'key_env = what is written there should be the name of an environment variable, as "COMTRADE_KEY", never the key',
        ),
        ({"key_env": "A", "key_file": "b"}, "key_env and key_file are both said; keep one"),
        ({"cadense": "daily"}, "has no setting 'cadense'; it has allow_loopback, attribution, cadence"),
        ({"reporters": ["842"]}, 'reporters is for kind = "comtrade" or "comtrade_bulk"'),
        ({"kind": "comtrade", "url": "https://c.example"}, 'kind = "comtrade" gives Comtrade\'s data; write source = "comtrade"'),
        (
            {"kind": "comtrade", "source": "comtrade", "url": None, "layout": "comtrade_v1"},
            'layout is for kind = "file"; what a comtrade feed gets has one layout only: drop it',
        ),
        ({"kind": "comtrade", "source": "comtrade"}, "url has {period}; a comtrade feed builds its queries itself"),
        ({"url": "https://data.example.org/{perod}.csv"}, "url has the placeholder {perod}, which means nothing here; use {year}, {month}"),
        ({"url": "https://data.example.org/{period.csv"}, "url has a brace without its partner"),
        ({"url": "https://data.example.org/{year}{month}.csv"}, 'url has {month}, but frequency is "A"'),
        ({"url": "https://d.example.org/{year}", "frequency": "M", "first_period": "202001"}, "url has {year} alone, but frequency is M"),
        ({"url": "https://{edition}.example.org/{period}"}, "url has a placeholder in its host"),
        ({"url": "https://data.example.org/{release}.zip"}, "url has {release}, so release is needed"),
        ({"url": "https://data.example.org/{period}_{edition}.zip"}, "url has {edition}, so editions is needed"),
        ({"release": "V{year}"}, "release is said, but url has no {release}"),
        ({"url": "https://d.example.org/{release}", "release": "{edition}"}, "release has the placeholder {edition}, which means nothing"),
        ({"url": "ftp://data.example.org/{period}.csv"}, "url = 'ftp'... should be an address"),
        ({"url": "data.example.org/{period}.csv"}, "should be an address in quotes"),
        ({"url": "https://data.example.org\\@evil.example/{period}"}, "should be an address in quotes"),
        ({"url": "https://u:SENTINEL@data.example.org/{period}"}, "url holds a user or a password"),
        ({"url": "https://data.example.org/{period}?subscription-key=SENTINEL"}, "url carries subscription-key="),
        ({"url": "https://data.example.org/{period}?key=SENTINEL"}, "url carries key=, and an address ends up in logs; leave it out"),
        ({"url": "https://data.example.org/{period}?a=1&TOKEN=SENTINEL"}, "url carries TOKEN="),
        ({"url": "https://data.example.org/{period}?apikey=SENTINEL"}, "url carries apikey="),
    ],
)
def test_what_cant_be_meant_is_refused(changed: dict[str, object], text: str) -> None:
    message = refused(**changed)
    assert text in message
    assert "SENTINEL" not in message


def test_source_and_layout_are_of_the_catalog() -> None:
    url = "https://data.example.org/{period}.csv"
    said = {"source": "baci", "layout": "baci", "url": url, "first_period": "2020"}
    assert declared_feeds({"x": said}, CONFIG, BUILT_IN)[0].layout == "baci"
    with pytest.raises(DeclarationError) as error:
        declared_feeds({"x": {**said, "layout": "comext_v2"}}, CONFIG, BUILT_IN)
    assert str(error.value) == f"{CONFIG} [feeds.x]: layout 'comext_v2' is none of baci's: baci, baci_countries, baci_products"
    with pytest.raises(DeclarationError, match=r"\[feeds\.x\]: source 'ministry' is none of "):
        declared_feeds({"x": BASE}, CONFIG, BUILT_IN)


def test_sections_are_sections() -> None:
    with pytest.raises(DeclarationError, match=r"feeds is a section; write \[feeds\.NAME\]"):
        declared_feeds("x", CONFIG)  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match=r"\[feeds\.x\]: x is a section"):
        declared_feeds({"x": "https://data.example.org"}, CONFIG)
    for name in ("Ministry", "a/b", "quota"):
        with pytest.raises(DeclarationError, match="a feed's name is lower case letters"):
            declared_feeds({name: BASE}, CONFIG)


def test_templates_are_filled() -> None:
    assert filled("https://d.org/{year}/{month}/{period}_{edition}_{release}", "202403", release="V1", edition="HS17") == (
        "https://d.org/2024/03/202403_HS17_V1"
    )
    assert (filled("V{year+2}01", "2023"), filled("{year-1}", "2000"), filled("plain", None)) == ("V202501", "1999", "plain")


def test_keys_are_read_where_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("  SENTINEL-KEY-123\n")
    assert key_of(Feed("x", "s", "https://d.org")) is None
    assert key_of(Feed("x", "s", "https://d.org", key_file=file)) == "SENTINEL-KEY-123"
    found = key_headers(Feed("x", "s", "https://d.org", key_env="K"), {"K": "SENTINEL-KEY-123"})
    assert found == {"Ocp-Apim-Subscription-Key": "SENTINEL-KEY-123"}
    assert "SENTINEL" not in repr(found)


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "[feeds.x]: the environment variable K holds no key; put the publisher's key there, or drop the setting to ask without one"),
        ({"K": "SENTINEL KEY"}, "[feeds.x]: what the environment variable K holds is no key: a key is one word of plain characters"),
        ({"K": "SENTINEL\u00e9"}, "[feeds.x]: what the environment variable K holds is no key: a key is one word of plain characters"),
    ],
)
def test_a_missing_or_strange_key_is_named_not_shown(environment: dict[str, str], text: str) -> None:
    with pytest.raises(FeedError) as error:
        key_of(Feed("x", "s", "https://d.org", key_env="K"), environment)
    assert str(error.value) == text


def test_a_key_file_that_cant_be_read_says_why(tmp_path: Path) -> None:
    def told(file: Path) -> str:
        with pytest.raises(FeedError) as error:
            key_of(Feed("x", "s", "https://d.org", key_file=file))
        assert error.value.__cause__ is None
        return str(error.value)

    assert told(tmp_path / "none").startswith(f"[feeds.x]: the file {tmp_path / 'none'} holds no key; put the publisher's key there")
    assert told(tmp_path) == f"[feeds.x]: the file {tmp_path} can't be read (Is a directory); let the user that asks read it"
    binary = tmp_path / "binary"
    binary.write_bytes(b"SENTINEL\xff")
    assert told(binary) == f"[feeds.x]: what the file {binary} holds is no key: a key is one word of plain characters"


def test_secrets_are_hidden() -> None:
    assert repr(Secret("abc")) == "[key]"
    assert shown_url("https://u:p@d.org/f?x=1&X-Amz-Signature=abc&sig=d#part") == "https://d.org/f?x=1&X-Amz-Signature=[key]&sig=[key]"
    assert shown_url("https://d.org/f?a=1,2&b") == "https://d.org/f?a=1,2&b"
    redactor = Redactor(["Bearer a+b/cd", ""])
    assert redactor.clean("got a+b/cd,\n a%2Bb%2Fcd and\x1b[31m more") == "got [key], [key] and [31m more"
    assert (redactor.holds("x=a%2Bb%2Fcd"), redactor.holds("nothing")) == (True, False)
