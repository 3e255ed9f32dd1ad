"""Choosing leaders, by work independent of a movement's size.

Each vacancy gets a pool of candidates: two independent windows of eight consecutive members in
the random order of their shuffle keys, or all members of a movement of up to 64. Up to three
active members of the pool are taken at random, and the one with the fewest followers is chosen;
inactive members follow where the pool has no active one, and paused members come last. Two or
three choices already keep the longest queue near its mean (Azar, Broder, Karlin, Upfal,
"Balanced allocations", 1999), while ranking the whole pool would make each newcomer follow
the few members who joined before. Figures: docs/leader-network.md.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Integer,
    Row,
    ScalarSelect,
    String,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from gridt.errors import Overtaken
from gridt.models.base import execute
from gridt.models.block import DIRECTIONS, blocked_between
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.network.locking import SMALL
from gridt.models.rows import USER_IDS
from gridt.models.subscription import (
    ACTIVE_INTERVALS,
    IN_MOVEMENT,
    Subscription,
    dice,
    keys_of,
    random_key,
)
from gridt.models.user import User
from gridt.runtime.clock import utcnow

#: members per window; a pool is two of them
WINDOW = 8
#: how many candidates of a pool are compared by their followers
CHOICES = 3
#: vacancies whose windows are read by one statement
BATCH = 20


# Statements are built once, because building one costs as much as running it.
_CANDIDATE_COLUMNS = (
    Subscription.user_id,
    Subscription.subscribed_at,
    Subscription.last_update_at,
    Subscription.paused_until,
)
_ALL_MEMBERS = select(*_CANDIDATE_COLUMNS).where(IN_MOVEMENT)

#: the condition for members who are not inactive, by a selection's `active_since` and `now`
IS_ACTIVE_OR_PAUSED = or_(
    Subscription.subscribed_at >= bindparam("active_since"),
    Subscription.last_update_at >= bindparam("active_since"),
    Subscription.paused_until > bindparam("now"),
)

# An account that has ended may still be a member: a job leaves its movements.
_ACCOUNT_HAS_NOT_ENDED = (
    select(User.id)
    .where(User.id == Subscription.user_id, User.deactivated_at.is_(None))
    .correlate(Subscription)
    .exists()
)


def _blocked_followers(
    candidate: InstrumentedAttribute[int], follower: InstrumentedAttribute[int]
) -> ScalarSelect[str]:
    """Return the subquery for followers blocked from a candidate."""
    return (
        select(func.aggregate_strings(cast(follower, String), ","))
        .where(
            candidate == Subscription.user_id,
            follower.in_(bindparam("follower_ids", expanding=True)),
        )
        .correlate(Subscription)
        .scalar_subquery()
    )


# A member who is leaving has locked their subscription row; SKIP LOCKED leaves them out instead
# of waiting.
_LOCK_CANDIDATES = (
    select(
        Subscription.user_id,
        select(func.count())
        .where(
            Association.leader_id == Subscription.user_id,
            Association.movement_id == Subscription.movement_id,
        )
        .correlate(Subscription)
        .scalar_subquery()
        .label("followers"),
        *(_blocked_followers(*direction) for direction in DIRECTIONS),
    )
    .where(
        Subscription.user_id.in_(USER_IDS),
        Subscription.movement_id == bindparam("movement_id"),
        _ACCOUNT_HAS_NOT_ENDED,
    )
    .with_for_update(read=True, key_share=True, skip_locked=True, of=Subscription)
)

# for vacancies whose pool has no eligible member: reads past all members whom a block excludes
_NEXT_ELIGIBLE = (
    _ALL_MEMBERS.where(
        Subscription.user_id.not_in(bindparam("refused", expanding=True)),
        _ACCOUNT_HAS_NOT_ENDED,
        ~blocked_between(Subscription.user_id, bindparam("follower_id")),
    )
    .order_by(Subscription.shuffle_key)
    .limit(WINDOW)
)

_LOCK_EXCLUSIVELY = (
    select(column("id", Integer))
    .select_from(table("movements"))
    .where(column("id", Integer) == bindparam("movement_id"))
    .with_for_update()
)


@cache
def _windows_statement(count: int) -> CompoundSelect[*tuple[Any, ...]]:
    """Return the statement for `count` windows.

    Each begins with a key `start0`, `start1`, …
    """
    windows = (
        select(
            literal_column(str(number)).label("number"),
            *_CANDIDATE_COLUMNS,
        )
        .where(
            Subscription.shuffle_key >= bindparam(f"start{number}"),
            Subscription.shuffle_key < bindparam("end"),
        )
        .order_by(Subscription.shuffle_key)
        .limit(WINDOW)
        .subquery()
        for number in range(count)
    )
    return union_all(*(select(window) for window in windows))


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A slot to fill with a leader, except `refused` ones."""

    follower_id: int
    refused: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who may become a leader."""

    user_id: int
    active: bool
    paused: bool = False

    @property
    def rank(self) -> tuple[bool, bool]:
        """The rank among candidates: the lowest is chosen first."""
        # Paused members come last, but are not refused: a slot that stays open now would also
        # stay open when the pause ends.
        return self.paused, not self.active


class LeaderSelection:
    """The choice of leaders for one operation in a movement.

    :param movement_id: the movement
    :param members: how many it has
    :param interval: of the movement; a member's activity is measured in intervals
    :param exclusive: whether the lock keeps all others from changing the network
    """

    def __init__(
        self, movement_id: int, members: int, interval: timedelta, *, exclusive: bool = True
    ) -> None:
        self.movement_id = movement_id
        self.exclusive = exclusive
        self.small = members <= SMALL
        self.now = utcnow()
        self.active_since = self.now - ACTIVE_INTERVALS * interval

    def windows(self, count: int) -> list[list[Candidate]]:
        """Return `count` windows of random members, by one statement.

        In a small movement each window has all members.
        """
        if self.small:
            rows = execute(_ALL_MEMBERS, keys_of(self.movement_id))
            return [[self._candidate(row) for row in rows]] * count
        keys = keys_of(self.movement_id)
        starts = {f"start{number}": random_key(self.movement_id) for number in range(count)}
        # the last window starts at the movement's first key, and completes those that wrap round
        starts[f"start{count}"] = keys["first"]
        windows: list[list[Candidate]] = [[] for _ in range(count + 1)]
        for row in execute(_windows_statement(count + 1), starts | {"end": keys["end"]}):
            windows[row.number].append(self._candidate(row))
        head = windows.pop()
        return [_distinct([*window, *head])[:WINDOW] for window in windows]

    def choose(
        self, vacancies: Sequence[Vacancy], windows: Sequence[list[Candidate]] = ()
    ) -> list[int | None]:
        """Choose a leader, or None, for each vacancy.

        The chosen members cannot leave before the transaction ends.

        :param vacancies: those of the same follower get different leaders
        :param windows: two for each vacancy; without them, `choose` reads them
        :raises Overtaken: when the eligible members are all leaving
        """
        leaders: list[int | None] = []
        for start in range(0, len(vacancies), BATCH):
            batch = vacancies[start : start + BATCH]
            pairs = windows or self.windows(2 * len(batch))
            pools = [_distinct([*a, *b]) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
            leaders += self._choose(batch, pools)
        return leaders

    def is_active(self, subscribed_at: datetime, last_update_at: datetime | None) -> bool:
        """Return whether a member posted or joined within three intervals."""
        return max(subscribed_at, last_update_at or subscribed_at) >= self.active_since

    def is_paused(self, paused_until: datetime | None) -> bool:
        """Return whether a member is pausing now."""
        return paused_until is not None and paused_until > self.now

    def _choose(
        self, vacancies: Sequence[Vacancy], pools: list[list[Candidate]]
    ) -> list[int | None]:
        rankings = [_ranked(vacancy, pool) for vacancy, pool in zip(vacancies, pools, strict=True)]
        locked = LockedCandidates(self.movement_id, vacancies)
        locked.lock(_to_compare(vacancies, rankings))
        taken_by_follower: dict[int, set[int]] = {}
        leaders: list[int | None] = []
        for vacancy, ranking in zip(vacancies, rankings, strict=True):
            taken = taken_by_follower.setdefault(vacancy.follower_id, set())
            remaining = [candidate for candidate in ranking if candidate.user_id not in taken]
            leader = locked.least_followed(vacancy, remaining)
            if leader is None:
                leader = self._choose_beyond_pool(vacancy, taken, locked)
            if leader is not None:
                taken.add(leader)
                locked.followers[leader] += 1
            leaders.append(leader)
        return leaders

    def _choose_beyond_pool(
        self, vacancy: Vacancy, taken: set[int], locked: "LockedCandidates"
    ) -> int | None:
        """Choose a leader where the whole pool is excluded.

        Blocks or departures exclude it.
        """
        if self.small and self.exclusive:
            return None  # the pool had all members
        candidates = self._next_eligible(vacancy, taken)
        if not candidates and not self.exclusive:
            # A slot may stay open only under the exclusive lock: later newcomers see that it is
            # open and fill it.
            execute(_LOCK_EXCLUSIVELY, {"movement_id": self.movement_id})
            self.exclusive = True
            candidates = self._next_eligible(vacancy, taken)
        leader = locked.least_followed(vacancy, _ranked(vacancy, candidates))
        if candidates and leader is None:
            # The movement was large at the start. The next attempt reads its present size.
            raise Overtaken(retry_after=1)
        return leader

    def _next_eligible(self, vacancy: Vacancy, taken: set[int]) -> list[Candidate]:
        """Return a few eligible members from anywhere in the movement."""
        keys = keys_of(self.movement_id)
        refused = [vacancy.follower_id, *vacancy.refused, *taken]
        parameters = keys | {"refused": refused, "follower_id": vacancy.follower_id}
        for first in (random_key(self.movement_id), keys["first"]):
            if rows := execute(_NEXT_ELIGIBLE, parameters | {"first": first}).all():
                return [self._candidate(row) for row in rows]
        return []

    def _candidate(self, row: Row[*tuple[Any, ...]]) -> Candidate:
        active = self.is_active(row.subscribed_at, row.last_update_at)
        return Candidate(row.user_id, active, self.is_paused(row.paused_until))


class LockedCandidates:
    """The candidates for some vacancies, locked until the commit.

    Without vacancies, no blocks are loaded.

    :param followers: each candidate's number of followers
    """

    def __init__(self, movement_id: int, vacancies: Sequence[Vacancy] = ()) -> None:
        self.followers: dict[int, int] = {}
        #: (follower, candidate) for each two with a block between them
        self._blocked: set[tuple[int, int]] = set()
        self._parameters = {
            "movement_id": movement_id,
            "follower_ids": list({vacancy.follower_id for vacancy in vacancies}),
        }

    def lock(self, user_ids: Iterable[int]) -> None:
        """Lock members who stay, and load followers and blocks."""
        new_ids = sorted(set(user_ids) - self.followers.keys())
        if not new_ids:
            return
        rows = execute(_LOCK_CANDIDATES, self._parameters | {"user_ids": new_ids})
        for user_id, followers, *blocked_lists in rows:
            self.followers[user_id] = followers
            for follower_ids in filter(None, blocked_lists):
                self._blocked |= {(int(id), user_id) for id in follower_ids.split(",")}

    def least_followed(self, vacancy: Vacancy, ranking: list[Candidate]) -> int | None:
        """Choose among the first candidates of a ranking, or others."""
        few = self._eligible(_first_few(ranking), vacancy)
        if not few:
            self.lock(candidate.user_id for candidate in ranking)
            few = _first_few(self._eligible(ranking, vacancy))
        # the ranking is in random order, so chance breaks the ties
        user_ids = (candidate.user_id for candidate in few)
        return min(user_ids, key=self.followers.__getitem__, default=None)

    def _eligible(self, candidates: list[Candidate], vacancy: Vacancy) -> list[Candidate]:
        """Return the candidates who are locked, and free of blocks."""
        return [
            candidate
            for candidate in candidates
            if candidate.user_id in self.followers
            and (vacancy.follower_id, candidate.user_id) not in self._blocked
        ]


def _first_few(ranking: list[Candidate]) -> list[Candidate]:
    """Return the first few candidates of the highest rank."""
    return [candidate for candidate in ranking[:CHOICES] if candidate.rank == ranking[0].rank]


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    return list({candidate.user_id: candidate for candidate in candidates}.values())


def _ranked(vacancy: Vacancy, pool: list[Candidate]) -> list[Candidate]:
    """Shuffle a vacancy's eligible candidates, active ones first."""
    refused = {vacancy.follower_id, *vacancy.refused}
    ranking = [candidate for candidate in pool if candidate.user_id not in refused]
    dice.shuffle(ranking)
    ranking.sort(key=lambda candidate: candidate.rank)
    return ranking


def _to_compare(vacancies: Sequence[Vacancy], rankings: list[list[Candidate]]) -> Iterator[int]:
    """Yield the candidates' ids to compare for each vacancy.

    Each earlier vacancy of the same follower may take one candidate away.
    """
    earlier = Counter[int]()
    for vacancy, ranking in zip(vacancies, rankings, strict=True):
        for candidate in ranking[: CHOICES + earlier[vacancy.follower_id]]:
            yield candidate.user_id
        earlier[vacancy.follower_id] += 1
