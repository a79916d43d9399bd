"""The sample has the shapes of the real data, the same bytes anywhere, and something for analytics to find."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from redjam import sample
from redjam.sample.catalogue import ODDITIES
from redjam.sample.events import METROS

FIRST = 1_541_030_400_000  # 2018-11-01, in milliseconds
DAY = 86_400_000
SONG_KEYS = [
    *["num_songs", "artist_id", "artist_latitude", "artist_longitude", "artist_location"],
    *["artist_name", "song_id", "title", "duration", "year"],
]
# SHA-256 of the module's sample, on any Python and platform: to be changed only together with the generator.
DIGEST = "60a4f750ff90f38d5484f131925fa5ad73804ad319f7b5b718ca7236b7de5378"


def read_events(folder: Path) -> dict[str, list[dict]]:
    files = sorted((folder / "log-data").glob("*/*/*.json"))
    return {file.name: [json.loads(line) for line in file.read_text().splitlines()] for file in files}


def read_songs(folder: Path) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted((folder / "song-data").glob("*/*/*/*.json"))]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder).as_posix()): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def names(song: dict) -> tuple[str, str]:
    return str(song["title"]), str(song["artist_name"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return sample.write(tmp_path_factory.mktemp("sample") / "sample", days=28, users=250, songs=600)


@pytest.fixture(scope="module")
def days(folder) -> dict[str, list[dict]]:
    return read_events(folder)


@pytest.fixture(scope="module")
def events(days) -> list[dict]:
    return [event for events in days.values() for event in events]


@pytest.fixture(scope="module")
def plays(events) -> list[dict]:
    return [event for event in events if event["page"] == "NextSong"]


@pytest.fixture(scope="module")
def songs(folder) -> list[dict]:
    return read_songs(folder)


# The shapes of the source


def test_layout(folder):
    files = contents(folder)
    logs = [name for name in files if name.startswith("log-data/")]
    songs = [name for name in files if name.startswith("song-data/")]
    assert logs[0] == "log-data/2018/11/2018-11-01-events.json"
    assert logs[-1] == "log-data/2018/11/2018-11-28-events.json"
    assert (len(logs), len(songs)) == (28, 600)
    assert files.keys() == {*logs, *songs, "log_json_path.json"}
    for name in songs:
        a, b, c = re.fullmatch(
            r"song-data/([A-Z])/([A-Z])/([A-Z])/TR\1\2\3[A-Z]{2}128F[0-9A-F]{7}\.json", name
        ).groups()
        assert f"/{a}/{b}/{c}/" in name
    assert len({Path(name).stem for name in songs}) == 600
    assert not any(content.endswith(b"\n") for content in files.values())
    assert all(content.isascii() for content in files.values())


def test_jsonpaths_name_the_18_columns(folder):
    paths = json.loads((folder / "log_json_path.json").read_text())
    assert paths == {"jsonpaths": [f"$['{key}']" for key in sample.KEYS]}
    assert len(sample.KEYS) == 18


def test_jsonpaths_are_the_real_ones(folder, real_data):
    ours, real = (path / "log_json_path.json" for path in (folder, real_data))
    assert ours.read_bytes() == real.read_bytes()


def test_each_file_holds_its_utc_day_in_order(days):
    for name, events in days.items():
        dates = {datetime.fromtimestamp(event["ts"] / 1000, UTC).date().isoformat() for event in events}
        assert dates == {name[:10]}
        assert [event["ts"] for event in events] == sorted(event["ts"] for event in events)


def event_lines(folder: Path) -> list[str]:
    return [line for file in (folder / "log-data").glob("*/*/*.json") for line in file.read_text().split("\n")]


def written(event: dict) -> str:
    """An event as the source writes it: compact, ASCII, slashes escaped."""
    return json.dumps(event, separators=(",", ":")).replace("/", "\\/")


def test_lines_are_written_as_the_real_ones(folder, real_data):
    for source in (folder, real_data):
        lines = event_lines(source)
        assert [written(json.loads(line)) for line in lines] == lines


def test_lines_keep_the_source_s_number_and_text_forms(folder):
    lines = event_lines(folder)
    assert [written(json.loads(line)) for line in lines] == lines
    logged_in = [line for line in lines if '"userId":""' not in line]
    assert all(re.search(r'"registration":15\d{11}\.0,', line) for line in logged_in)
    assert all(re.search(r'"userId":"[1-9]\d*"}$', line) for line in logged_in)
    assert any(r'"userAgent":"\"Mozilla\/5.0 (' in line for line in lines)  # in quotes of its own
    assert any(r'"userAgent":"Mozilla\/5.0 (' in line for line in lines)
    assert any(r"\u00e9" in line for line in lines)
    lengths = [text for line in lines for text in re.findall(r'"length":(\d+\.\d+)', line)]
    assert {len(text.split(".")[1]) for text in lengths} >= {4, 5}
    assert max(len(text.split(".")[1]) for text in lengths) == 5


def event_shapes(events: list[dict]) -> dict[tuple, set]:
    """The types of an event's values, in the order of its keys: logged in or not, play or not."""
    shapes = defaultdict(set)
    for event in events:
        shape = tuple((key, type(value).__name__) for key, value in event.items())
        shapes[event["userId"] != "", event["page"] == "NextSong"].add(shape)
    return shapes


def requests(events: list[dict]) -> set[tuple]:
    return {(event["page"], event["method"], event["status"], event["auth"], not event["userId"]) for event in events}


def test_event_shapes(events):
    nobody = dict.fromkeys(sample.KEYS, "NoneType") | dict.fromkeys(
        ["auth", "level", "method", "page", "userId"], "str"
    )
    nobody |= dict.fromkeys(["itemInSession", "sessionId", "status", "ts"], "int")
    person = nobody | dict.fromkeys(["firstName", "gender", "lastName", "location", "userAgent"], "str")
    person |= {"registration": "float"}
    play = person | {"artist": "str", "length": "float", "song": "str"}
    assert event_shapes(events) == {
        (True, True): {tuple(play.items())},
        (True, False): {tuple(person.items())},
        (False, False): {tuple(nobody.items())},
    }
    assert Counter(event["auth"] == "Logged In" for event in events) == Counter(
        event["userId"] != "" for event in events
    )


def test_events_are_shaped_as_the_real_ones(events, real_data):
    real = [event for events in read_events(real_data).values() for event in events]
    assert event_shapes(events) == event_shapes(real)
    # These ten days hold neither a downgrade nor somebody who reads a page of help before the login.
    assert requests(events) - requests(real) == {("Submit Downgrade", "PUT", 307, "Logged In", False)}
    assert {page for page, *_ in requests(real)} <= {page for page, *_ in requests(events)}


def song_shapes(songs: list[dict]) -> dict[str, set[str]]:
    return {key: {type(song[key]).__name__ for song in songs} for key in songs[0]}


def test_song_shapes(folder, songs):
    assert {tuple(song) for song in songs} == {tuple(SONG_KEYS)}
    texts = [file.read_text() for file in (folder / "song-data").rglob("*.json")]
    assert [json.dumps(json.loads(text)) for text in texts] == texts
    assert song_shapes(songs) == {
        "num_songs": {"int"},
        "artist_id": {"str"},
        "artist_latitude": {"float", "NoneType"},
        "artist_longitude": {"float", "NoneType"},
        "artist_location": {"str"},
        "artist_name": {"str", "int"},
        "song_id": {"str"},
        "title": {"str", "float"},
        "duration": {"float"},
        "year": {"int"},
    }
    assert all(re.fullmatch(r"SO[A-Z]{7}128F[0-9A-F]{5}", song["song_id"]) for song in songs)
    assert all(re.fullmatch(r"AR[A-Z]{7}128F[0-9A-F]{5}", song["artist_id"]) for song in songs)
    assert len({song["song_id"] for song in songs}) == 600


def test_songs_are_shaped_as_the_real_ones(songs, real_data):
    real = read_songs(real_data)
    assert {tuple(song) for song in songs} == {tuple(song) for song in real}
    ours = song_shapes(songs)
    assert all(types <= ours[key] for key, types in song_shapes(real).items())
    for key in ("song_id", "artist_id"):
        assert {len(song[key]) for song in songs} == {len(song[key]) for song in real}


# What a loader has to cope with


def test_natural_key_is_unique_and_items_count_up(events):
    keys = {(event["userId"], event["sessionId"], event["itemInSession"]) for event in events}
    assert len(keys) == len(events)
    sessions = defaultdict(list)
    for event in events:
        sessions[event["sessionId"]].append(event)
    for session in sessions.values():
        assert [event["itemInSession"] for event in session] == list(range(len(session)))
        assert len({event["userId"] for event in session} - {""}) <= 1


def test_sessions_of_a_user_do_not_overlap_and_songs_play_to_their_end(plays):
    latest = {}
    for play in plays:
        before = latest.get(play["userId"])
        if before and before["sessionId"] == play["sessionId"]:
            assert play["ts"] - before["ts"] == int(before["length"]) * 1000
        elif before:
            assert before["sessionId"] < play["sessionId"]
            assert play["ts"] - before["ts"] > int(before["length"]) * 1000 + 30 * 60_000
        latest[play["userId"]] = play
        assert play["registration"] < play["ts"]


def test_a_third_of_the_plays_matches_the_catalogue(plays, songs):
    lengths = defaultdict(set)
    for song in songs:
        lengths[names(song)].add(song["duration"])
    matches = [play for play in plays if (play["song"], play["artist"]) in lengths]
    assert 0.3 < len(matches) / len(plays) < 0.4
    assert all(play["length"] in lengths[play["song"], play["artist"]] for play in matches)
    known = {str(song["artist_name"]) for song in songs}
    assert sum(play["artist"] in known for play in plays) > len(matches) + 0.1 * len(plays)


def test_catalogue_has_the_real_one_s_traits(plays, songs):
    assert 0.5 < sum(song["year"] == 0 for song in songs) / len(songs) < 0.7
    assert {song["artist_latitude"] is None for song in songs if song["artist_location"]} == {True, False}
    assert {song["artist_latitude"] is None for song in songs if not song["artist_location"]} == {True}
    assert all((song["artist_latitude"] is None) == (song["artist_longitude"] is None) for song in songs)

    artists = defaultdict(list)
    for song in songs:
        artists[song["artist_id"]].append(song)
    several = [catalogue for catalogue in artists.values() if len(catalogue) > 1]
    assert len(several) > 50
    assert any(len({str(song["artist_name"]) for song in catalogue}) > 1 for catalogue in several)
    assert any(" feat. " in str(song["artist_name"]) for song in songs)
    assert any(len({song["artist_location"] for song in catalogue}) > 1 for catalogue in several)

    twins = defaultdict(list)
    for song in songs:
        twins[names(song)].append(song)
    pairs = [pair for pair in twins.values() if len(pair) == 2]
    assert len(pairs) > 3
    assert all(a["duration"] != b["duration"] and a["artist_id"] == b["artist_id"] for a, b in pairs)


def test_oddities_are_in_the_catalogue_and_played(plays, songs):
    played = {(play["song"], play["artist"]) for play in plays}
    odd = [song for song in songs if (song["artist_name"], song["title"]) in ODDITIES.values()]
    assert {names(song) for song in odd} >= {(str(title), str(name)) for name, title in ODDITIES.values()}
    assert {names(song) for song in odd} <= played
    assert any(song["artist_name"] == 311 for song in odd)
    assert any(song["title"] == 4.6 for song in odd)
    artists = [str(song["artist_name"]) for song in odd]
    assert any(len(name) <= 100 < len(name.encode()) for name in artists)  # too long for VARCHAR(100)
    for mark in ('"', ",", "'", "月", "ñ", "Ã©"):
        assert any(mark in name for name in artists)
    assert any("\t" in str(song["title"]) and "\ufffd" in str(song["title"]) for song in odd)
    # The log's own twice encoded texts never match, though the artist may be in the catalogue.
    spoilt = {play["artist"] for play in plays if "Ã\x83" in play["artist"]}
    restored = {name.encode("latin-1").decode().encode("latin-1").decode() for name in spoilt}
    assert restored & {str(song["artist_name"]) for song in songs}
    assert not spoilt & {str(song["artist_name"]) for song in songs}


# The same bytes anywhere


def test_same_arguments_same_bytes(folder, tmp_path):
    """In a process of another hash seed, where sets come in another order."""
    command = f"from redjam import sample; sample.write({str(tmp_path / 'again')!r}, days=28, users=250, songs=600)"
    subprocess.run([sys.executable, "-c", command], check=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert contents(folder) == contents(tmp_path / "again")


def test_bytes_are_those_of_every_platform(folder):
    digest = hashlib.sha256()
    for name, content in contents(folder).items():
        digest.update(name.encode() + content)
    assert digest.hexdigest() == DIGEST


def test_another_seed_gives_other_data(tmp_path):
    one, two = (contents(sample.write(tmp_path / str(n), days=2, users=20, songs=20, seed=n)) for n in (1, 2))
    assert not {content for name, content in one.items() if name != "log_json_path.json"} & set(two.values())


def test_more_days_only_add_files(tmp_path):
    options = {"users": 60, "songs": 30, "start": "2018-12-30"}
    short = contents(sample.write(tmp_path / "short", days=3, **options))
    long = contents(sample.write(tmp_path / "long", days=5, **options))
    assert short.items() <= long.items()
    assert long.keys() - short.keys() == {f"log-data/2019/01/2019-01-0{day}-events.json" for day in (2, 3)}


# Something to find


def test_levels_change_with_the_event_after_the_submission(events):
    sessions = defaultdict(list)
    for event in events:
        if event["userId"]:
            sessions[event["userId"]].append(event)
    changes = Counter()
    for session in sessions.values():
        for before, after in pairwise(session):
            step = {"Submit Upgrade": ("free", "paid"), "Submit Downgrade": ("paid", "free")}.get(before["page"])
            assert (before["level"], after["level"]) == (step or (before["level"],) * 2)
            changes[before["page"]] += bool(step)
    assert changes["Submit Upgrade"] > 10
    assert 0 < changes["Submit Downgrade"] < changes["Submit Upgrade"]
    assert 0.3 < sum(event["level"] == "paid" for event in events) / len(events) < 0.8


def test_who_upgrades_has_listened_more(events):
    free_plays, upgraded = Counter(), set()
    for event in events:
        user = event["userId"]
        if event["page"] == "Submit Upgrade":
            upgraded.add(user)
        elif event["page"] == "NextSong" and event["level"] == "free" and user not in upgraded:
            free_plays[user] += 1
    others = [n for user, n in free_plays.items() if user not in upgraded]
    assert median(free_plays[user] for user in upgraded) > 1.5 * median(others)


def test_rhythm_of_the_day_and_the_week(plays):
    zones = {place: 3_600_000 * hours for place, hours in METROS}
    local = [(play["ts"] + zones[play["location"]]) // 3_600_000 for play in plays]
    by_hour = Counter(hour % 24 for hour in local)
    assert sum(by_hour[hour] for hour in (18, 19, 20, 21)) > 3 * sum(by_hour[hour] for hour in (3, 4, 5, 6))
    by_weekday = Counter((hour // 24 + 3) % 7 for hour in local)
    assert sum(by_weekday[day] for day in range(5)) / 5 > 1.15 * (by_weekday[5] + by_weekday[6]) / 2


def test_few_users_play_most(plays):
    counts = sorted(Counter(play["userId"] for play in plays).values(), reverse=True)
    assert sum(counts[: len(counts) // 5]) > 0.45 * len(plays)
    assert counts[len(counts) // 2] < 60


def test_artists_are_few_at_the_top_and_rise_and_fall(plays):
    weeks = defaultdict(Counter)
    for play in plays:
        weeks[(play["ts"] - FIRST) // (7 * DAY)][play["artist"]] += 1
    shares = {week: {name: n / counts.total() for name, n in counts.items()} for week, counts in weeks.items()}
    artists = Counter(play["artist"] for play in plays)
    top = [name for name, _ in artists.most_common(20)]
    assert sum(artists[name] for name in top) > 0.2 * len(plays)
    growth = [shares[3].get(name, 0) / shares[0].get(name, 0.0001) for name in top]
    assert sum(factor > 3 for factor in growth) >= 1
    assert sum(factor < 1 / 3 for factor in growth) >= 1
    assert sum(0.5 < factor < 2 for factor in growth) >= 8


# Arguments and accidents


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("days", 0, "1 to 3,660"),
        ("days", 2.5, "whole number"),
        ("users", 0, "1 to 1,000,000"),
        ("users", True, "whole number"),
        ("songs", 0, "1 to 300,000"),
        ("songs", "12", "whole number"),
        ("seed", -1, "from 0"),
        ("start", "2018-11-31", "a date like 2018-11-01"),
        ("start", "20181101", "a date like 2018-11-01"),
        ("start", "1969-12-31", "2000-01-01 to 2099-12-31"),
        ("start", None, "a date like 2018-11-01"),
    ],
)
def test_wrong_arguments(tmp_path, name, value, allowed):
    with pytest.raises(ValueError, match=re.escape(f"{name} is {value!r}: ")) as error:
        sample.write(tmp_path / "out", **{name: value})
    assert allowed in str(error.value)
    assert not list(tmp_path.iterdir())


def test_the_smallest_sample(tmp_path):
    """Nobody may be listening: the day has its file nevertheless."""
    files = contents(sample.write(tmp_path / "out", days=1, users=1, songs=1, seed=0))
    assert len(files) == 3
    assert "log-data/2018/11/2018-11-01-events.json" in files


def test_a_crash_leaves_nothing(tmp_path, monkeypatch):
    lines = []

    def full_disk(*_) -> str:
        lines.append("")
        if len(lines) == 100:
            raise OSError("no space left")
        return ""

    monkeypatch.setattr("redjam.sample.events.event_line", full_disk)
    with pytest.raises(OSError, match="no space left"):
        sample.write(tmp_path / "out", days=10, users=50, songs=20)
    assert not list(tmp_path.iterdir())


def test_the_folder_appears_by_one_rename(tmp_path, monkeypatch):
    def whole(part: Path, out: Path) -> None:
        assert not out.exists()
        assert len(contents(part)) == 7
        raise OSError("power cut")

    monkeypatch.setattr(Path, "rename", whole)
    with pytest.raises(OSError, match="power cut"):
        sample.write(tmp_path / "out", days=1, users=5, songs=5)
    assert not list(tmp_path.iterdir())


def test_a_full_folder_is_refused_and_kept(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=re.escape(f"{out} exists and is not an empty folder")):
        sample.write(out, days=1, users=1, songs=1)
    with pytest.raises(FileExistsError, match="exists"):
        sample.write(out / "mine.txt", days=1, users=1, songs=1)
    assert contents(out) == {"mine.txt": b"mine"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "not/yet/there"):
        out = sample.write(name, days=1, users=5, songs=5)
        assert out == (tmp_path / name).resolve()
        assert len(read_songs(out)) == 5
    assert [path.name for path in (tmp_path / "not/yet").iterdir()] == ["there"]
