"""Random lives of people who set clocks, and properties.

Nothing here uses a database.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import settings

from gridt.turns.calendar import DAY, HALF_DAY, Clock
from gridt.turns.clocks import undone_by
from gridt.turns.life import Period, score
from gridt.turns.months import Months, longest
from gridt.turns.outcomes import Outcome, ScoredTurn, Standing, TurnLog
from gridt.turns.terms import SET_LATE, SPREAD, Terms

IS_FUZZ = settings.get_current_profile_name() == "fuzz"
LIVES = 500 if IS_FUZZ else 25
STEPS = 60 if IS_FUZZ else 30

SECOND, HOUR, WEEK = timedelta(seconds=1), timedelta(hours=1), timedelta(days=7)
#: the shift of summer time
SEASON = 2 * HOUR
START = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)  # a Monday
ZONES = (
    "Pacific/Pago_Pago Pacific/Honolulu America/Los_Angeles America/New_York America/St_Johns"
    " America/Sao_Paulo Atlantic/Azores UTC Europe/London Europe/Berlin Africa/Cairo"
    " Asia/Kathmandu Asia/Tokyo Australia/Lord_Howe Pacific/Auckland Pacific/Chatham"
    " Pacific/Kiritimati"
).split()
INTERVALS = [5 * HOUR, HALF_DAY, DAY, 2 * DAY, 3 * DAY, WEEK, 2 * WEEK, 30 * DAY, 365 * DAY]
INTERVALS += [Months(1), Months(3), Months(12)]
BERLIN, TOKYO, NEW_YORK, LONDON = map(
    Clock, ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Europe/London"]
)
AUCKLAND, LOS_ANGELES = Clock("Pacific/Auckland"), Clock("America/Los_Angeles")


@dataclass
class Person:
    """A person who sets clocks, and their movement, as stored."""

    clock: Clock = BERLIN
    interval: timedelta = DAY
    since: datetime = START
    deeds: list[datetime] = field(default_factory=list)
    former: list[tuple[datetime, Clock]] = field(default_factory=list)
    intervals: list[tuple[datetime, timedelta]] = field(default_factory=list)

    def do(self, moment: datetime) -> None:
        self.deeds.append(moment)

    def set(self, moment: datetime, clock: Clock) -> None:
        if clock == self.clock:
            return
        last = self.deeds[-1] if self.deeds else None
        undone = undone_by(clock, moment, self.former, last)
        if undone is None:
            self.former.append((moment, self.clock))
        else:
            del self.former[undone:]
        self.clock = clock

    def set_interval(self, moment: datetime, interval: timedelta) -> None:
        if interval != self.interval:
            self.intervals.append((moment, self.interval))
            self.interval = interval

    def periods(self) -> list[Period]:
        ends = sorted({end for end, _ in [*self.former, *self.intervals]})
        return [
            Period(
                moment,
                _held_at(moment, self.intervals, self.interval),
                _held_at(moment, self.former, self.clock),
            )
            for moment in [self.since, *ends]
        ]

    def standing(self, moment: datetime, log: TurnLog | None = None) -> Standing:
        terms = Terms(self.interval, self.clock, self.since)
        return score(self.periods(), self.deeds, terms, moment, log)

    def turns(self, moment: datetime) -> list[ScoredTurn]:
        log = TurnLog()
        self.standing(moment, log)
        return list(log)

    def copy(self) -> "Person":
        return replace(
            self,
            deeds=[*self.deeds],
            former=[*self.former],
            intervals=[*self.intervals],
        )


def _held_at(moment, former, present):
    place = bisect_right(former, moment, key=lambda one: one[0])
    return present if place == len(former) else former[place][1]


def at(clock: Clock, text: str) -> datetime:
    """Return when a clock shows a time of June 2026.

    A time is written like "02 23:30".
    """
    shown = datetime.fromisoformat(f"2026-06-{text}").replace(tzinfo=ZoneInfo(clock.zone))
    return shown.astimezone(UTC)


def june(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-06-{text}").replace(tzinfo=UTC)


def any_clock(dice: Random, *, whole: bool = True) -> Clock:
    if not whole:
        return Clock(dice.choice(ZONES))
    return Clock(dice.choice(ZONES), dice.choice([0, 0, 60, 240, 720]), dice.randrange(7))


def lives() -> Iterator[Random]:
    return map(Random, range(LIVES))


def live(dice: Random, person: Person, moment: datetime) -> None:
    act = dice.random()
    if act < 0.55:
        person.do(moment)
    elif act < 0.9:
        person.set(moment, any_clock(dice))
    else:
        person.set_interval(moment, dice.choice(INTERVALS))


def _longest(person: Person, turn: ScoredTurn) -> timedelta:
    periods = [
        *person.periods(),
        replace(person.periods()[-1], starts_at=datetime.max.replace(tzinfo=UTC)),
    ]
    return max(
        longest(one.interval)
        for one, other in pairwise(periods)
        if one.starts_at < turn.turn.ends_at and other.starts_at > turn.turn.starts_at
    )


def ensure_turns_touch(person: Person, moment: datetime) -> None:
    """P1: turns touch, and have their right lengths.

    None is too long or too short, and they add up to the standing.
    """
    turns, standing = person.turns(moment), person.standing(moment)
    assert turns[0].turn.starts_at == START
    for one, other in pairwise(turns):
        assert one.turn.ends_at == other.turn.starts_at
    for number, scored in enumerate(turns):
        length = scored.turn.ends_at - scored.turn.starts_at
        longest = _longest(person, scored)
        shortest = min(period.interval for period in person.periods())
        assert length <= longest + SPREAD + SEASON, (person, scored)
        if number and scored.outcome is not Outcome.DONE:
            assert length >= shortest / 2 - SEASON, (person, scored)
    outcomes = [one.outcome for one in turns] + [Outcome.DONE] * standing.done
    assert outcomes.count(Outcome.DONE) == standing.done_turns
    assert outcomes.count(Outcome.MISSED) == standing.turns - standing.done_turns
    letters = "".join(outcome[0] for outcome in outcomes)
    assert letters.rpartition("m")[2].count("d") == standing.streak


def ensure_past_stays(before: Person, person: Person, moment: datetime) -> None:
    """P5: turns that ended long before a change stay.

    They stay the same if they ended two days before it.
    """
    horizon = moment - SET_LATE
    old, new = (
        [one for one in some.turns(moment) if one.turn.ends_at <= horizon]
        for some in (before, person)
    )
    assert old == new
