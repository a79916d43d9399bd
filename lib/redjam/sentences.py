"""What a reader takes away from the answer to each question of sql/analytics: one sentence or two, from its frame.

Each function has the name of its question and takes that question's rows; of none it says that there is nothing.
"""

import pandas as pd

NOTHING = "Nothing was played in this period."


def overview(frame: pd.DataFrame) -> str:
    """How much was listened to, by how many, and when."""
    if frame.empty or not frame["plays"].iloc[0]:
        return NOTHING
    row = frame.iloc[0]
    first, last, hours = _day(row["first_play"]), _day(row["last_play"]), float(row["hours"])
    return (
        f"{f'On {first}' if first == last else f'From {first} to {last}'} (UTC), {_many(row['listeners'], 'listener')} "
        f"played {_many(row['songs'], 'song')} by {_many(row['artists'], 'artist')} in "
        f"{_many(row['sessions'], 'session')}: {_many(row['plays'], 'play')}, "
        f"{_many(hours, 'hour') if hours >= 1 else _many(60 * hours, 'minute')} of music."
    )


def most_played_songs(frame: pd.DataFrame) -> str:
    """The first song, how often and by how many it is played."""
    if frame.empty:
        return NOTHING
    row = frame.iloc[0]
    return (
        f"“{row['title']}” by {row['artist']} is played most: {_times(row['plays'])}, "
        f"by {_many(row['listeners'], 'listener')}{_shared(frame, 'song')}. That is {_percent(row['share'], 1)} of all "
        f"plays; the {_many(len(frame), 'song')} shown {'has' if len(frame) == 1 else 'have'} "
        f"{_percent(frame['share'].sum(), 1)}."
    )


def most_played_artists(frame: pd.DataFrame) -> str:
    """The first artist, how often, by how many and with how many songs they are played."""
    if frame.empty:
        return NOTHING
    row = frame.iloc[0]
    return (
        f"{row['artist']} is played most: {_times(row['plays'])}, by {_many(row['listeners'], 'listener')}, "
        f"with {_many(row['songs'], 'song')}{_shared(frame, 'artist')}."
    )


def plays_by_day(frame: pd.DataFrame) -> str:
    """An average day, and the busiest."""
    if frame.empty:
        return NOTHING
    plays, listeners, sessions = frame[["plays", "listeners", "sessions"]].astype(float).mean()
    busiest = frame.loc[frame["plays"].astype(float).idxmax()]
    return (
        f"An average day with plays has {_many(listeners, 'listener')} and {_many(plays, 'play')}, "
        f"{_decimal(plays / sessions)} a session; the busiest is {busiest['day']:%A}, {_day(busiest['day'])} (UTC), "
        f"with {_many(busiest['plays'], 'play')}."
    )


def plays_by_weekday_and_hour(frame: pd.DataFrame) -> str:
    """The busiest hour of the week, and that of the day."""
    if frame.empty:
        return NOTHING
    plays = frame["plays"].astype(float)
    busiest = frame.loc[plays.idxmax()]
    day = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"][int(busiest["weekday"])]
    hours = plays.groupby(frame["hour"].astype(int)).sum()
    return (
        f"The busiest hour of the week begins on {day} at {int(busiest['hour']):02d}:00 UTC, with "
        f"{_part(busiest['plays'], plays.sum())} of all plays; over all days it is the one from "
        f"{hours.idxmax():02d}:00 UTC, with {_part(hours.max(), plays.sum())}."
    )


def sessions_by_week(frame: pd.DataFrame) -> str:
    """How many sessions a listener has a week, and how long they are."""
    if frame.empty:
        return NOTHING
    sessions, listeners = frame["sessions"].astype(float), frame["listeners"].astype(float)
    plays = (frame["plays_a_session"].astype(float) * sessions).sum()
    shortest, longest = (
        _decimal(minutes) for minutes in (frame["median_minutes"].min(), frame["median_minutes"].max())
    )
    lasts = f"{shortest} to {longest} minutes, depending on the week" if shortest != longest else f"{longest} minutes"
    return (
        f"Who listens in a week has {_many(sessions.sum() / listeners.sum(), 'session')} in it on average, "
        f"each of {_many(plays / sessions.sum(), 'play')}; the median session lasts {lasts}."
    )


def session_lengths(frame: pd.DataFrame) -> str:
    """The most common length of a session."""
    sessions = frame["sessions"].astype(float)
    if not sessions.sum():
        return NOTHING
    most = frame.loc[sessions.idxmax()]
    return (
        f"The most common length of a session is {most['length']}: {_count(most['sessions'])} of "
        f"{_many(sessions.sum(), 'session')} ({_part(most['sessions'], sessions.sum())})."
    )


def artist_popularity_by_week(frame: pd.DataFrame) -> str:
    """Who leads most weeks, who climbed most and who fell most, from the first to the last week of each."""
    if frame.empty:
        return NOTHING
    weeks = frame["week"].nunique()
    first_places = frame.loc[frame["position"].astype(int) == 1, "artist"].value_counts(sort=True)
    parts = []
    if not first_places.empty:
        leader = min(first_places.index, key=lambda artist: (-first_places[artist], artist))
        led = f"{_count(first_places[leader])} of {weeks} weeks with plays" if weeks > 1 else "the only week"
        parts.append(f"{leader} is in first place in {led}")
    places = frame.sort_values("week").groupby("artist")["position"].agg(["first", "last"]).astype(int)
    gained = (places["first"] - places["last"]).sort_index()
    among, most = ("of these leaders, ", " most") if len(places) > 1 else ("", "")
    moves = [(gained.idxmax(), f"gained{most}")] if gained.max() > 0 else []
    moves += [(gained.idxmin(), f"lost{most}")] if gained.min() < 0 else []
    if moves:
        parts.append(among + ", ".join(f"{artist} {moved}, {_way(*places.loc[artist])}" for artist, moved in moves))
    return "; ".join(parts) + "." if parts else f"None of these artists changed place in {_many(weeks, 'week')}."


def risers_and_fallers(frame: pd.DataFrame) -> str:
    """Who gained most and who lost most, from the first half of the period to the second."""
    if frame.empty:
        return "No artist's share of the plays changed from the first half of the period to the second."
    changes = frame["change"].astype(float)
    parts = []
    for row, moved in ((frame.loc[changes.idxmax()], "gained"), (frame.loc[changes.idxmin()], "lost")):
        if float(row["change"]) * (1 if moved == "gained" else -1) > 0:
            before, after = _percent(row["share_before"], 2), _percent(row["share_after"], 2)
            points = f"{float(row['change']):+.2f}".replace("-", "−")
            parts.append(
                f"{row['artist']} {moved} most: {before} of all plays in the first half of the period, {after} in the "
                f"second ({points} percentage points)"
            )
    return "; ".join(parts) + "."


def levels_by_day(frame: pd.DataFrame) -> str:
    """How many of all plays are on the paid level, and how that changed from the first day to the last."""
    if frame.empty:
        return NOTHING
    plays = frame["plays"].astype(float)
    paid = plays.where(frame["level"] == "paid", 0)
    share, counts = _part(paid.sum(), plays.sum()), f"{_count(paid.sum())} of {_count(plays.sum())}"
    text = f"{share} of all plays are on the paid level, {counts}"
    first, last = frame["day"].min(), frame["day"].max()
    if first == last:
        return f"{text}, all on {_day(first)} (UTC)."
    on = [_part(paid[frame["day"] == day].sum(), plays[frame["day"] == day].sum()) for day in (first, last)]
    text = f"{text}: {on[0]} on the first day, {_day(first)}, and {on[1]} on the last, {_day(last)} (UTC)."
    a_day = frame.groupby("level")[["plays", "listeners"]].sum().astype(float)
    a_day = a_day["plays"] / a_day["listeners"]
    if not {"free", "paid"} <= {*a_day.index}:
        return text
    free, paid = (_many(a_day[level], "song") for level in ("free", "paid"))
    return f"{text} Who listens on a day plays {paid} on the paid level, and {free} on the free one."


def level_changes(frame: pd.DataFrame) -> str:
    """How many went from free to paid, and how many back."""
    if frame.empty:
        return NOTHING
    parts = []
    for first, last in (("free", "paid"), ("paid", "free")):
        began = frame[frame["first_level"] == first]
        changed = began.loc[began["last_level"] == last, "listeners"].astype(float).sum()
        if total := began["listeners"].astype(float).sum():
            who = "the one listener" if total == 1 else _many(total, "listener")
            parts.append(
                f"of {who} whose first play is {first}, {_count(changed)} ({_part(changed, total)}) ended {last}"
            )
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else NOTHING


def plays_before_upgrade(frame: pd.DataFrame) -> str:
    """How many upgraded, and after how many plays and days."""
    if frame.empty:
        return "No listener went from free to paid in this period."
    plays, days = frame["plays_before"].astype(float).median(), frame["days_before"].astype(float).median()
    if len(frame) == 1:
        return f"1 listener went from free to paid, after {_many(plays, 'play')} and {_many(days, 'day')}."
    return (
        f"{_many(len(frame), 'listener')} went from free to paid; the median is {_many(plays, 'play')} and "
        f"{_many(days, 'day')} before the first paid play."
    )


def top_places(frame: pd.DataFrame) -> str:
    """The place with the most plays."""
    if frame.empty:
        return NOTHING
    row = frame.iloc[0]
    text = (
        f"Most is played in {row['place']}: {_many(row['plays'], 'play')} by {_many(row['listeners'], 'listener')}"
        f"{_shared(frame, 'place')}"
    )
    if len(frame) == 1:
        return f"{text}."
    last = frame.iloc[-1]
    return f"{text}; in {last['place']}, the last of the {len(frame)}, {_count(last['plays'])}."


def retention_by_cohort(frame: pd.DataFrame) -> str:
    """How many came back in the week after their first, and of the earliest in the latest whole week."""
    if frame.empty:
        return NOTHING
    week = frame["cohort"] + pd.to_timedelta(7 * frame["weeks_later"].astype(int), unit="D")
    if week.max() == frame["cohort"].max() == frame["cohort"].min():
        return "All plays are of one week: nobody can have come back in another one yet."
    # The last week may be cut short, so it counts only where there is no other.
    before = frame[week < week.max()]
    told, where = (before, "") if (before["weeks_later"] > 0).any() else (frame, ", which may be cut short")
    sums = told[["listeners", "cohort_size"]].astype(float).groupby(told["weeks_later"].astype(int)).sum()
    last = sums.index.max()
    text = f"{_part(*sums.loc[1])} of the listeners played again in the week after their first{where}"
    return f"{text}; of the earliest, {_part(*sums.loc[last])} played {last} weeks after." if last > 1 else f"{text}."


def artist_by_week(frame: pd.DataFrame, artist: str) -> str:
    """The artist's best week, by plays."""
    plays = frame["plays"].astype(float)
    if not plays.sum():
        return f"{artist} was not played in this period."
    best = frame.loc[plays.idxmax()]
    often = f"; in {_count((plays > 0).sum())} of {len(frame)} weeks with plays" if len(frame) > 1 else ""
    return (
        f"{artist} is played most in the week from {_day(best['week'])}: {_times(best['plays'])}, by "
        f"{_many(best['listeners'], 'listener')}, which is place {int(best['position']):,} among all artists{often}."
    )


def artist_songs(frame: pd.DataFrame, artist: str) -> str:
    """The artist's most played song."""
    if frame.empty:
        return f"{artist} was not played in this period."
    row = frame.iloc[0]
    return (
        f"“{row['title']}” is the most played song of {artist}: {_times(row['plays'])}, "
        f"by {_many(row['listeners'], 'listener')}{_shared(frame, 'song')}."
    )


# --- Words ------------------------------------------------------------------------------------------------


def _count(number: float) -> str:
    return f"{int(number):,}"


def _many(number: float, name: str) -> str:
    text = _decimal(number)
    return f"{text} {name}" if text == "1" else f"{text} {name}s"


def _times(number: float) -> str:
    return {1: "once", 2: "twice"}.get(int(number), f"{_count(number)} times")


def _decimal(number: float) -> str:
    """One digit after the point, none if it is a zero or the number is large."""
    text = f"{float(number):,.1f}" if abs(number) < 100 else f"{float(number):,.0f}"
    return text.removesuffix(".0")


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * float(share):.{digits}f}%"


def _part(part: float, whole: float) -> str:
    """A part in percent; with a digit after the point where none would say nothing."""
    share = float(part) / float(whole)
    return _percent(share, 1 if 0 < share < 0.095 or 0.995 <= share < 1 else 0)


def _day(time: pd.Timestamp) -> str:
    return f"{time.day} {time:%B %Y}"


def _way(first: int, last: int) -> str:
    return f"from place {first:,} in its first week to place {last:,} in its last"


def _shared(frame: pd.DataFrame, name: str) -> str:
    """That another one has as many plays as the first; how many do, a frame that is cut off cannot tell."""
    return (
        f"; at least one other {name} has as many plays" if (frame["plays"] == frame["plays"].iloc[0]).sum() > 1 else ""
    )
