"""Choosing leaders: eligible members, preferred ones, and the resulting network.

docs/leader-network.md lists figures to compare with.
"""

from collections import Counter, deque
from datetime import timedelta

import pytest
import sqlalchemy as sa

from gridt.models import Movement, Subscription, Update, User
from gridt.models.network.selection import LeaderSelection, Vacancy
from gridt.models.subscription import KEYS, dice
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.standing.pauses import pause
from tests.networks import arrows_of, changed, keys_of, people, plant, ring, violations

DAY = timedelta(days=1)


def selection_of(movement):
    return LeaderSelection(movement.id, movement.member_count, movement.interval)


def find(*ids):
    return [User.find_by_id(id) for id in ids]


def post(user_id, movement):
    Update(User.find_by_id(user_id), movement).save_to_db()


def followers_in(arrows):
    """Count the followers of every member."""
    counts = Counter({member: 0 for member in arrows})
    counts.update(leader for slots in arrows.values() for leader in slots.values() if leader)
    return counts


# -- active members -------------------------------------------------------------------------


def test_a_member_who_joined_or_posted_within_three_intervals_is_active(make_movement, clock):
    selection = selection_of(make_movement())
    now, edge = clock.now, clock.now - 3 * DAY
    past = edge - timedelta(seconds=1)
    assert selection.is_active(now, None)
    assert selection.is_active(edge, None)
    assert not selection.is_active(past, None)
    assert selection.is_active(past - 9 * DAY, edge)
    assert not selection.is_active(past - 9 * DAY, past)
    assert selection.is_active(edge, past)  # came back lately, and has not posted since


def test_live_members_are_chosen_before_silent_ones(make_movement, make_user, clock):
    movement = make_movement(members=10)
    clock.pass_(days=4)
    active = {user.id for user in movement.users[:3]}
    for id in active:
        post(id, movement)
    for _ in range(3):
        newcomer = make_user()
        movement.add_user(newcomer)
        movement.save_to_db()
        leaders = {leader.id for leader in newcomer.leaders(movement)}
        assert len(leaders) == 4
        assert len(leaders & active) >= min(len(active), 4)
        active.add(newcomer.id)  # because they have just joined


def test_a_swap_goes_to_the_only_live_member(make_movement, clock):
    movement = make_movement()
    members = people(12)
    plant(movement, ring(members))
    clock.pass_(days=4)
    post(members[9], movement)
    me, left = find(members[0], members[1])
    assert movement.swap_leader(me, left).id == members[9]


def pause_for_long(user_id, movement):
    pause(user_id, movement.id, utcnow() + timedelta(days=30))
    db.session.commit()


def test_paused_members_are_chosen_after_silent_ones(make_movement, clock):
    movement = make_movement()
    members = people(12)
    plant(movement, ring(members))
    clock.pass_(days=4)
    post(members[9], movement)
    for member in members[5:8] + members[9:]:
        pause_for_long(member, movement)
    me, left = find(members[0], members[1])  # a follower of 1 to 4, and the first of these
    assert movement.swap_leader(me, left).id == members[8]


def test_a_paused_member_is_chosen_without_an_alternative(make_movement, make_user, clock):
    movement = make_movement(members=3)
    for user in movement.users:
        pause_for_long(user.id, movement)
    newcomer = make_user()
    movement.add_user(newcomer)
    movement.save_to_db()
    assert len(newcomer.leaders(movement)) == 3
    assert violations() == []


def test_a_paused_member_is_not_silent_and_keeps_their_followers(make_movement, make_user, clock):
    movement = make_movement()
    members = people(12)
    plant(movement, ring(members))
    clock.pass_(days=4)
    for member in members:
        pause_for_long(member, movement)
    before, newcomer = arrows_of(movement.id), make_user()
    movement.add_user(newcomer)
    movement.save_to_db()
    # rather a leader with five followers, because the newcomer follows them
    given_up = {old for old, _ in changed(before, arrows_of(movement.id)).values()}
    assert given_up <= {leader.id for leader in newcomer.leaders(movement)}


def test_the_slots_of_a_leaver_go_to_the_only_live_member(make_movement, clock):
    movement = make_movement()
    members = people(12)
    plant(movement, ring(members))
    before = arrows_of(movement.id)
    clock.pass_(days=4)
    post(members[9], movement)
    (leaver,) = find(members[4])  # members 0 to 3 follow 4, and none of them follows 9
    movement.remove_user(leaver)
    refilled = changed(before, arrows_of(movement.id))
    assert len(refilled) == 4
    assert {new for _, new in refilled.values()} == {members[9]}


def test_a_silent_member_is_chosen_where_all_are_silent(make_movement, make_user, clock):
    movement = make_movement(members=8)
    clock.pass_(days=90)
    newcomer = make_user()
    movement.add_user(newcomer)
    assert len(newcomer.leaders(movement)) == 4
    assert violations() == []


def test_members_of_a_long_interval_stay_active_for_long(database, clock):
    movement = Movement("yearly", timedelta(days=365))
    movement.save_to_db()
    members = people(8)
    plant(movement, ring(members))
    clock.pass_(days=1000)
    assert all(candidate.active for candidate in selection_of(movement).windows(1)[0])
    clock.pass_(days=96)
    assert not any(candidate.active for candidate in selection_of(movement).windows(1)[0])


def test_only_an_exclusive_lock_decides_that_no_member_is_eligible(make_movement):
    movement = make_movement(members=2)
    follower, leader = (user.id for user in movement.users)
    vacancies = [Vacancy(follower, [leader])]
    assert selection_of(movement).choose(vacancies) == [None]
    beside_others = LeaderSelection(movement.id, 65, movement.interval, exclusive=False)
    assert beside_others.choose(vacancies) == [None]
    assert beside_others.exclusive


# -- the least followed ---------------------------------------------------------------------


def test_the_least_followed_of_three_is_chosen(make_movement):
    movement = make_movement()
    me, *others = people(8)
    leaders = ring([me, *others])
    # the three others who are not followed yet have 7, 4 and 1 followers
    many, some, few = others[4:]
    for follower in others[:4]:
        leaders[follower] = [many, some, *[other for other in others[:4] if other != follower][:2]]
    leaders[many] = [some, few, me, others[0]]
    leaders[some] = [many, me, others[0], others[1]]
    leaders[few] = [many, me, others[0], others[1]]
    plant(movement, leaders)
    followers = followers_in(arrows_of(movement.id))
    assert followers[many] > followers[some] > followers[few] == 1
    user, left = find(me, others[0])
    for _ in range(4):
        assert movement.swap_leader(user, left).id == few
        db.session.rollback()


def test_the_leader_of_most_members_is_no_longer_chosen(make_movement):
    movement = make_movement()
    members = people(30)
    leaders = ring(members)
    star = members[-1]
    for follower in members[:-1]:
        leaders[follower] = [star, *[leader for leader in leaders[follower] if leader != star][:3]]
    plant(movement, leaders)
    selection, newcomer = selection_of(movement), people(1)[0]
    chosen = [leader for _ in range(30) for leader in selection.choose([Vacancy(newcomer)])]
    assert star not in chosen  # of any three compared, another has fewer followers


def test_ties_are_broken_by_chance(make_movement):
    movement = make_movement()
    members = people(12)
    plant(movement, ring(members))  # all of them have four followers
    selection = selection_of(movement)
    chosen = [selection.choose([Vacancy(members[0])])[0] for _ in range(120)]
    assert set(chosen) == set(members[1:])  # one is left out with a chance of 1 to 8000


def test_not_the_whole_pool_is_ranked(make_movement):
    movement = make_movement()
    members = people(40)
    unfollowed = set(members[37:])
    plant(movement, ring(members[:37]) | {member: members[:4] for member in unfollowed})
    selection, newcomer = selection_of(movement), people(1)[0]
    chosen = [selection.choose([Vacancy(newcomer)])[0] for _ in range(60)]
    assert sum(leader in unfollowed for leader in chosen) < 40  # 13 of 60 by chance
    assert len(set(chosen)) > 10


def test_a_choice_counts_for_the_next(make_movement):
    movement = make_movement()
    members = people(20)
    plant(movement, {member: [] for member in members})
    selection = selection_of(movement)
    for _ in range(10):  # a choice without comparing passes once in 25 times
        chosen = Counter(selection.choose([Vacancy(member) for member in members]))
        assert max(chosen.values()) <= 3


# -- members who are left out ---------------------------------------------------------------


@pytest.mark.parametrize("size", [6, 20, 70])
def test_no_member_gets_themselves_or_a_refused_leader(make_movement, size):
    movement = make_movement()
    members = people(size)
    plant(movement, ring(members))
    me, *refused = members[:5]
    selection = selection_of(movement)
    chosen = [selection.choose([Vacancy(me, refused)])[0] for _ in range(25)]
    assert set(chosen) <= set(members[5:])


@pytest.mark.parametrize("size", [6, 9, 70])
def test_several_vacancies_of_one_follower_get_different_leaders(make_movement, size):
    movement = make_movement()
    members = people(size)
    plant(movement, ring(members))
    me, present = members[0], members[1]
    for _ in range(10):
        chosen = selection_of(movement).choose([Vacancy(me, [present])] * 4)
        assert None not in chosen
        assert len({me, present, *chosen}) == 6


def test_vacancies_stay_open_without_an_eligible_member(make_movement):
    movement = make_movement()
    members = people(4)
    plant(movement, ring(members))
    chosen = selection_of(movement).choose([Vacancy(members[0])] * 4)
    assert set(chosen[:3]) == set(members[1:])
    assert chosen[3] is None
    assert selection_of(movement).choose([Vacancy(members[0], members)]) == [None]


def test_a_slot_stays_open_where_only_an_account_that_has_ended_is_left(make_movement):
    """A slot stays open rather than take an ended account.

    A job leaves its movements later; until then the member would be asked to try again.
    """
    movement = make_movement()
    me, ended, refused = people(3)
    plant(movement, ring([me, ended, refused]))
    find(ended)[0].deactivated_at = utcnow()
    db.session.commit()
    selection = LeaderSelection(movement.id, 65, movement.interval)
    assert selection.choose([Vacancy(me, [refused])]) == [None]


def test_many_vacancies_are_filled_by_a_statement_or_two_for_each_twenty(make_movement, statements):
    movement = make_movement()
    members = people(100)
    plant(movement, ring(members))
    selection = selection_of(movement)
    statements.clear()
    leaders = ring(members)
    chosen = selection.choose([Vacancy(member, leaders[member]) for member in members])
    assert len(statements) == 2 * 5
    for member, leader in zip(members, chosen, strict=True):
        assert leader not in {None, member, *leaders[member]}


# -- windows --------------------------------------------------------------------------------


def test_a_window_is_eight_consecutive_members(make_movement, monkeypatch):
    movement = make_movement()
    members = people(70)
    plant(movement, ring(members), keys=range(0, 700, 10))
    monkeypatch.setattr(dice, "randrange", lambda _stop: 95)
    (window,) = selection_of(movement).windows(1)
    assert [candidate.user_id for candidate in window] == members[10:18]


def test_a_window_wraps_round_at_the_last_key(make_movement, monkeypatch):
    before, movement, after = make_movement(), make_movement(), make_movement()
    members = people(70)
    plant(before, ring(people(6)), keys=range(KEYS - 6, KEYS))
    plant(movement, ring(members), keys=[*range(67), *range(KEYS - 3, KEYS)])
    plant(after, ring(people(6)), keys=range(6))
    monkeypatch.setattr(dice, "randrange", lambda _stop: KEYS // 2)
    (window,) = selection_of(movement).windows(1)
    assert [candidate.user_id for candidate in window] == [*members[67:], *members[:5]]


def test_a_window_that_starts_behind_all_keys_is_the_first_eight(make_movement, monkeypatch):
    movement = make_movement()
    members = people(70)
    plant(movement, ring(members), keys=range(70))
    monkeypatch.setattr(dice, "randrange", lambda stop: stop - 1)
    assert [
        [candidate.user_id for candidate in window] for window in selection_of(movement).windows(2)
    ] == [members[:8]] * 2


def test_windows_are_full_wherever_they_start(make_movement):
    movement = make_movement()
    members = people(65)
    plant(movement, ring(members))
    windows = [window for _ in range(10) for window in selection_of(movement).windows(20)]
    assert {len({candidate.user_id for candidate in window}) for window in windows} == {8}
    assert {candidate.user_id for window in windows for candidate in window} == set(members)


def test_windows_start_independently(make_movement):
    movement = make_movement()
    plant(movement, ring(people(70)))
    starts = {window[0].user_id for window in selection_of(movement).windows(20)}
    assert len(starts) > 5


def test_any_number_of_windows_is_one_statement(make_movement, statements):
    movement = make_movement()
    plant(movement, ring(people(70)))
    selection = selection_of(movement)
    for count in (1, 9, 40):
        statements.clear()
        assert len(selection.windows(count)) == count
        assert len(statements) == 1


def test_up_to_64_members_a_window_has_all_members(make_movement):
    movement = make_movement()
    members = people(64)
    plant(movement, ring(members))
    (window,) = selection_of(movement).windows(1)
    assert sorted(candidate.user_id for candidate in window) == sorted(members)


# -- adoption, and open slots ---------------------------------------------------------------


def join(movement):
    """Let a new user join.

    Return their id and the changes for the others.
    """
    before = arrows_of(movement.id)
    newcomer = people(1)[0]
    movement.add_user(User.find_by_id(newcomer))
    movement.save_to_db()
    return newcomer, changed(before, arrows_of(movement.id))


@pytest.mark.parametrize("size", [5, 6, 7, 8])
def test_a_newcomer_is_adopted_by_exactly_one_of_few(make_movement, size):
    for _ in range(4):
        movement = make_movement()
        plant(movement, ring(people(size)))
        newcomer, difference = join(movement)
        ((old, new),) = difference.values()
        assert (new, old is None) == (newcomer, False)


def test_every_newcomer_to_more_than_five_members_gets_a_follower(make_movement):
    movement = make_movement()
    for number in range(60):
        newcomer, difference = join(movement)
        if number:
            assert newcomer in {new for _, new in difference.values()}


def test_a_silent_leader_is_given_up_first(make_movement, clock):
    for _ in range(4):
        movement = make_movement()
        members = people(8)
        leaders = ring(members)
        inactive = members[0]
        # others have more followers, and could be given up as well
        for follower in members[3:7]:
            leaders[follower] = [leader for leader in members[1:6] if leader != follower][:4]
        plant(movement, leaders)
        assert followers_in(arrows_of(movement.id)).most_common(1)[0][1] > 4
        clock.pass_(days=4)
        for member in members[1:]:
            post(member, movement)
        _newcomer, difference = join(movement)
        assert [old for old, _ in difference.values()] == [inactive]


def test_of_silent_leaders_the_most_followed_is_given_up(make_movement, clock):
    given_up = []
    for _ in range(4):
        movement = make_movement()
        active, silent = people(4), people(4)
        leaders = {member: silent for member in active}
        leaders |= {member: [silent[0], *active[:3]] for member in silent[1:]}
        leaders[silent[0]] = active
        plant(movement, leaders)
        followers = followers_in(arrows_of(movement.id))
        assert [followers[member] for member in silent] == [7, 4, 4, 4]
        clock.pass_(days=4)
        for member in active:
            post(member, movement)
        _newcomer, difference = join(movement)
        given_up += [old == silent[0] for old, _ in difference.values()]
    assert given_up == [True] * 4


def test_silent_leaders_with_as_many_followers_are_given_up_by_chance(make_movement, clock):
    given_up = set()
    for _ in range(10):
        movement = make_movement()
        members = people(8)
        plant(movement, ring(members))
        clock.pass_(days=4)
        for member in members[::2]:
            post(member, movement)
        _newcomer, difference = join(movement)
        given_up |= {members.index(old) for old, _ in difference.values()}
    assert given_up <= {1, 3, 5, 7}
    assert len(given_up) > 1


def test_without_silent_leaders_the_most_followed_is_given_up(make_movement):
    for _ in range(4):
        movement = make_movement()
        members = people(8)
        leaders = ring(members)
        star = members[0]
        for follower in members[1:]:
            leaders[follower] = [
                star,
                *[leader for leader in leaders[follower] if leader != star][:3],
            ]
        plant(movement, leaders)
        assert followers_in(arrows_of(movement.id))[star] == 7
        _newcomer, difference = join(movement)
        assert [old for old, _ in difference.values()] == [star]


def test_a_leader_with_four_followers_is_not_given_up(make_movement):
    members, adoptions = people(500), 0
    for _ in range(10):
        movement = make_movement()
        plant(movement, ring(members))  # each has four followers before the newcomer chooses
        newcomer, difference = join(movement)
        chosen = arrows_of(movement.id)[newcomer].values()
        assert {old for old, _ in difference.values()} <= set(chosen)
        adoptions += len(difference)
    assert adoptions < 10  # one window in four finds a follower of those chosen


def test_a_newcomer_fills_one_open_slot_of_each_of_64(make_movement):
    movement = make_movement()
    plant(movement, {member: [] for member in people(70)})
    newcomer, difference = join(movement)
    assert len(difference) == len({follower for follower, _ in difference}) == 64
    assert set(difference.values()) == {(None, newcomer)}
    assert {slot for _, slot in difference} == {0}
    assert len(set(arrows_of(movement.id)[newcomer].values())) == 4


def test_a_newcomer_who_fills_an_open_slot_takes_no_other(make_movement):
    movement = make_movement()
    members = people(9)
    leaders = ring(members)
    leaders[members[3]] = leaders[members[3]][:2]
    plant(movement, leaders)
    newcomer, difference = join(movement)
    assert difference == {(members[3], 2): (None, newcomer)}


def test_open_slots_are_filled_in_their_own_movement(make_movement):
    movement, other = make_movement(), make_movement()
    members = people(7)
    for empty in (movement, other):
        plant(empty, {member: [] for member in members})
    join(movement)
    assert {leader for slots in arrows_of(other.id).values() for leader in slots.values()} == {None}


# -- coming back ----------------------------------------------------------------------------


def test_a_member_who_comes_back_starts_afresh(make_movement, clock):
    movement = make_movement()
    members = people(70)
    plant(movement, ring(members))
    (user,) = find(members[0])
    key = keys_of(movement.id)[user.id]
    post(user.id, movement)
    movement.remove_user(user)
    movement.save_to_db()
    assert user.id not in followers_in(arrows_of(movement.id))
    clock.pass_(days=1)
    movement.add_user(user)
    movement.save_to_db()
    assert keys_of(movement.id)[user.id] != key
    assert db.session.get(Subscription, (user.id, movement.id)).subscribed_at == clock.now
    assert set(arrows_of(movement.id)[user.id].values()) != set(members[1:5])
    assert violations() == []


def test_old_updates_do_not_make_a_former_member_a_candidate(make_movement, clock):
    movement = make_movement()
    members = people(8)
    plant(movement, ring(members))
    clock.pass_(days=4)
    (leaver,) = find(members[7])
    post(leaver.id, movement)  # the only active one
    movement.remove_user(leaver)
    movement.save_to_db()
    newcomer, _ = join(movement)
    assert leaver.id not in arrows_of(movement.id)[newcomer].values()


# -- the whole network ----------------------------------------------------------------------


@pytest.fixture
def grown(make_movement):
    """A movement that 300 people joined, in their order."""
    movement = make_movement()
    members = people(300)
    for user in db.session.scalars(sa.select(User).where(User.id.in_(members)).order_by(User.id)):
        movement.add_user(user)
    movement.save_to_db()
    return movement, sorted(members)


def reached(graph, start):
    """Return the members that arrows reach from `start`.

    Each comes with the number of steps.
    """
    steps, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for there in graph[here]:
            if there not in steps:
                steps[there] = steps[here] + 1
                queue.append(there)
    return steps


def test_a_grown_network_is_fair_connected_and_no_ribbon(grown):
    movement, members = grown
    assert violations() == []
    arrows = arrows_of(movement.id)
    leaders = {member: set(slots.values()) for member, slots in arrows.items()}
    followers = {member: set() for member in members}
    for member, mine in leaders.items():
        for leader in mine:
            followers[leader].add(member)

    assert max(map(len, followers.values())) <= 12  # 7 or so; uniform choice makes 20 and more
    assert sum(not mine for mine in followers.values()) <= 3  # 0; uniform choice leaves out 60
    newest = [len(followers[member]) for member in members[-30:]]
    assert sum(newest) / 30 > 0.9  # about 1.5; without adoption 0.4

    # one strongly connected whole: each member is reached from each other, in either direction
    centre = max(members, key=lambda member: len(followers[member]))
    onward, backward = reached(leaders, centre), reached(followers, centre)
    whole = set(onward) & set(backward)
    assert len(whole) >= 294  # 300; without adoption 5
    assert max(onward.values()) <= 12  # steps; in a ribbon 75

    # two leaders of a member rarely follow each other; in a ribbon it is .4 of the pairs
    pairs = [(a, b) for mine in leaders.values() for a in mine for b in mine if a != b]
    assert sum(b in leaders[a] for a, b in pairs) / len(pairs) < 0.2
    # leaders are not the members who joined just before; in a ribbon all of them are
    place = {member: number for number, member in enumerate(members)}
    near = [abs(place[a] - place[b]) <= 6 for a, mine in leaders.items() for b in mine]
    assert sum(near) / len(near) < 0.4


def test_a_storm_of_leaving_and_coming_back_keeps_the_network_whole(make_movement):
    movement = make_movement()
    members = people(80)
    plant(movement, ring(members))
    for _ in range(120):
        (user,) = find(dice.choice(members))
        change = movement.remove_user if movement.is_subscribed(user) else movement.add_user
        change(user)
    movement.save_to_db()
    assert violations() == []
    followers = followers_in(arrows_of(movement.id))
    assert max(followers.values()) <= 14
    assert sum(count == 0 for count in followers.values()) <= len(followers) * 0.15
