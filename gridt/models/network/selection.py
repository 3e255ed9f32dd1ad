"""Choosing whom to follow, by work that does not grow with the movement.

For each slot a pool is drawn: two independent windows of eight consecutive members in the
random order of their shuffle keys, or everybody in a movement of up to 64. Of up to three
live members of the pool, taken at random, the one with the fewest followers is chosen; of silent
ones where nobody is live, and of those who pause where there is nobody else. Two or
three choices already keep the longest queue near its mean (Azar, Broder, Karlin, Upfal,
"Balanced allocations", 1999), while ranking the whole pool would make each newcomer follow
the few who joined before. Figures: docs/leader-network.md.
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
from gridt.models.block import DIRECTIONS, barred
from gridt.models.movement_user_association import MovementUserAssociation as Association
from gridt.models.network.locking import SMALL
from gridt.models.subscription import IN_MOVEMENT, Subscription, dice, keys_of, random_key
from gridt.runtime.clock import utcnow

#: members per window; a pool is two of them
WINDOW = 8
#: how many of a pool are compared by their followers
CHOICES = 3
#: whoever posted or joined within this many intervals is live
LIVE_INTERVALS = 3
#: slots whose windows are drawn by one statement
BATCH = 20


# Statements are made once: to build one costs as much as to run it.
_TOLD = (
    Subscription.user_id,
    Subscription.subscribed_at,
    Subscription.last_update_at,
    Subscription.paused_until,
)
_EVERYBODY = select(*_TOLD).where(IN_MOVEMENT)

#: who is live or paused, and so not silent, for a statement with a draw's `live_since` and `now`
IS_ACTIVE_OR_PAUSED = or_(
    Subscription.subscribed_at >= bindparam("live_since"),
    Subscription.last_update_at >= bindparam("live_since"),
    Subscription.paused_until > bindparam("now"),
)


def _barred_wishers(
    candidate: InstrumentedAttribute[int], wisher: InstrumentedAttribute[int]
) -> ScalarSelect[str]:
    """Return the subquery for those of the wishing whom a block keeps from a candidate."""
    return (
        select(func.aggregate_strings(cast(wisher, String), ","))
        .where(candidate == Subscription.user_id, wisher.in_(bindparam("wishing", expanding=True)))
        .correlate(Subscription)
        .scalar_subquery()
    )


# who leaves holds their own subscription: they are left out, and nobody here waits for them
_COMPARED = (
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
        *(_barred_wishers(*direction) for direction in DIRECTIONS),
    )
    .where(
        Subscription.user_id.in_(bindparam("user_ids", expanding=True)),
        Subscription.movement_id == bindparam("movement_id"),
    )
    .with_for_update(read=True, key_share=True, skip_locked=True, of=Subscription)
)

# reads past everybody who is barred: for those whom a pool has nobody for
_NEXT_ELIGIBLE = (
    _EVERYBODY.where(
        Subscription.user_id.not_in(bindparam("refused", expanding=True)),
        ~barred(Subscription.user_id, bindparam("follower_id")),
    )
    .order_by(Subscription.shuffle_key)
    .limit(WINDOW)
)

_ALONE = (
    select(column("id", Integer))
    .select_from(table("movements"))
    .where(column("id", Integer) == bindparam("movement_id"))
    .with_for_update()
)


@cache
def _windows(count: int) -> CompoundSelect[*tuple[Any, ...]]:
    """Return the statement for `count` windows, each from a key `start0`, `start1`, …"""
    windows = (
        select(
            literal_column(str(number)).label("number"),
            *_TOLD,
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
    """A slot to fill: nobody of `refused`, nor the follower, may become its leader."""

    follower_id: int
    refused: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member who may become a leader: rather one who is live, and one who is paused last."""

    user_id: int
    live: bool
    paused: bool = False

    @property
    def rank(self) -> tuple[bool, bool]:
        """Return the place among others: the least is chosen first."""
        # last rather than never: a slot left open would stay so when the pause ends
        return self.paused, not self.live


class LeaderSelection:
    """The dice and the windows of one movement, for one operation under its lock.

    :param movement_id: the movement
    :param members: how many it has
    :param interval: of the movement; it decides who is live
    :param alone: whether nobody else changes the network meanwhile
    """

    def __init__(
        self, movement_id: int, members: int, interval: timedelta, *, alone: bool = True
    ) -> None:
        self.movement_id = movement_id
        self.alone = alone
        self.small = members <= SMALL
        self.now = utcnow()
        self.live_since = self.now - LIVE_INTERVALS * interval

    def windows(self, count: int) -> list[list[Candidate]]:
        """Return `count` windows of random members, by one statement.

        In a small movement each window is everybody.
        """
        if self.small:
            rows = execute(_EVERYBODY, keys_of(self.movement_id))
            return [[self._candidate(row) for row in rows]] * count
        keys = keys_of(self.movement_id)
        starts = {f"start{number}": random_key(self.movement_id) for number in range(count)}
        # the last one, from the movement's first key, is what the others wrap round to
        starts[f"start{count}"] = keys["first"]
        found: list[list[Candidate]] = [[] for _ in range(count + 1)]
        for row in execute(_windows(count + 1), starts | {"end": keys["end"]}):
            found[row.number].append(self._candidate(row))
        head = found.pop()
        return [_distinct([*window, *head])[:WINDOW] for window in found]

    def choose(
        self, wishes: Sequence[Vacancy], windows: Sequence[list[Candidate]] = ()
    ) -> list[int | None]:
        """Choose a leader for each wish, or None where nobody is eligible.

        Who is chosen cannot leave before the transaction ends.

        :param wishes: a follower may have several; all of them get different leaders
        :param windows: two for each wish, drawn here where left out
        :raises Overtaken: when those eligible leave just now
        """
        chosen: list[int | None] = []
        for start in range(0, len(wishes), BATCH):
            batch = wishes[start : start + BATCH]
            drawn = windows or self.windows(2 * len(batch))
            pools = [_distinct([*a, *b]) for a, b in zip(drawn[::2], drawn[1::2], strict=True)]
            chosen += self._choose(batch, pools)
        return chosen

    def is_live(self, subscribed_at: datetime, last_update_at: datetime | None) -> bool:
        """Tell whether a member posted, or joined, within the last three intervals."""
        return max(subscribed_at, last_update_at or subscribed_at) >= self.live_since

    def is_paused(self, paused_until: datetime | None) -> bool:
        """Tell whether a member's pause is not over."""
        return paused_until is not None and paused_until > self.now

    def _choose(self, wishes: Sequence[Vacancy], pools: list[list[Candidate]]) -> list[int | None]:
        rankings = [_ranked(wish, pool) for wish, pool in zip(wishes, pools, strict=True)]
        compared = LockedCandidates(self.movement_id, wishes)
        compared.hold(_first_compared(wishes, rankings))
        taken: dict[int, set[int]] = {}
        chosen: list[int | None] = []
        for wish, ranking in zip(wishes, rankings, strict=True):
            mine = taken.setdefault(wish.follower_id, set())
            left = [one for one in ranking if one.user_id not in mine]
            leader = compared.least_followed(wish, left)
            if leader is None:
                leader = self._beyond_the_pool(wish, mine, compared)
            if leader is not None:
                mine.add(leader)
                compared.followers[leader] += 1
            chosen.append(leader)
        return chosen

    def _beyond_the_pool(
        self, wish: Vacancy, taken: set[int], compared: "LockedCandidates"
    ) -> int | None:
        """Choose for somebody whom blocks, or those who leave, keep from the whole pool."""
        if self.small and self.alone:
            return None  # the pool was everybody
        found = self._next_eligible(wish, taken)
        if not found and not self.alone:
            # a slot is opened only by somebody who is alone: who comes later sees that it is open
            execute(_ALONE, {"movement_id": self.movement_id})
            self.alone = True
            found = self._next_eligible(wish, taken)
        leader = compared.least_followed(wish, _ranked(wish, found))
        if found and leader is None:
            # there were many when we began: the next attempt sees how many there are
            raise Overtaken(retry_after=1)
        return leader

    def _next_eligible(self, wish: Vacancy, taken: set[int]) -> list[Candidate]:
        """Return a few, anywhere in the movement, whom no block keeps from a follower."""
        keys = keys_of(self.movement_id)
        refused = [wish.follower_id, *wish.refused, *taken]
        given = keys | {"refused": refused, "follower_id": wish.follower_id}
        for first in (random_key(self.movement_id), keys["first"]):
            if rows := execute(_NEXT_ELIGIBLE, given | {"first": first}).all():
                return [self._candidate(row) for row in rows]
        return []

    def _candidate(self, row: Row[*tuple[Any, ...]]) -> Candidate:
        live = self.is_live(row.subscribed_at, row.last_update_at)
        return Candidate(row.user_id, live, self.is_paused(row.paused_until))


class LockedCandidates:
    """Those who are compared for some wishes, kept from leaving.

    :param followers: how many each of them has
    """

    def __init__(self, movement_id: int, wishes: Sequence[Vacancy]) -> None:
        self.followers: dict[int, int] = {}
        self._barred: set[tuple[int, int]] = set()
        self._given = {
            "movement_id": movement_id,
            "wishing": list({wish.follower_id for wish in wishes}),
        }

    def hold(self, candidates: Iterable[int]) -> None:
        """Keep those who do not leave already from leaving, and note what is told of them."""
        ids = sorted(set(candidates) - self.followers.keys())
        if not ids:
            return
        for user_id, followers, *wishers in execute(_COMPARED, self._given | {"user_ids": ids}):
            self.followers[user_id] = followers
            for few in filter(None, wishers):
                self._barred |= {(int(wisher), user_id) for wisher in few.split(",")}

    def least_followed(self, wish: Vacancy, ranking: list[Candidate]) -> int | None:
        """Choose among the first few of a ranking, or of the others where none of these can be."""
        few = self._able(_first_few(ranking), wish)
        if not few:
            self.hold(one.user_id for one in ranking)
            few = _first_few(self._able(ranking, wish))
        # the order is random already, so that chance breaks the ties
        ids = (one.user_id for one in few)
        return min(ids, key=self.followers.__getitem__, default=None)

    def _able(self, candidates: list[Candidate], wish: Vacancy) -> list[Candidate]:
        """Return those who are held, and whom no block keeps from leading who wishes."""
        return [
            one
            for one in candidates
            if one.user_id in self.followers and (wish.follower_id, one.user_id) not in self._barred
        ]


def _first_few(ranking: list[Candidate]) -> list[Candidate]:
    """Return the first few of the rank of the first."""
    return [one for one in ranking[:CHOICES] if one.rank == ranking[0].rank]


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    return list({one.user_id: one for one in candidates}.values())


def _ranked(wish: Vacancy, pool: list[Candidate]) -> list[Candidate]:
    """Shuffle those eligible, the live ones first and the paused ones last."""
    refused = {wish.follower_id, *wish.refused}
    eligible = [one for one in pool if one.user_id not in refused]
    dice.shuffle(eligible)
    eligible.sort(key=lambda one: one.rank)
    return eligible


def _first_compared(wishes: Sequence[Vacancy], rankings: list[list[Candidate]]) -> Iterator[int]:
    """Yield whom each wish may be compared by.

    Earlier wishes of the same follower may each take one away before this one's turn.
    """
    earlier = Counter[int]()
    for wish, ranking in zip(wishes, rankings, strict=True):
        for one in ranking[: CHOICES + earlier[wish.follower_id]]:
            yield one.user_id
        earlier[wish.follower_id] += 1
