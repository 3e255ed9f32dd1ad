"""The domain: users, movements, and the leaders in them."""

from gridt.models.audit import AUDITED, AuditEntry, entries
from gridt.models.base import Model, Rows, UTCDateTime, execute, largest_in
from gridt.models.block import DIRECTIONS, Block, blocked_among, followed_before
from gridt.models.calendar_revision import (
    DueEvent,
    MovementRename,
    Revision,
    count_rename,
    revise_due_events,
)
from gridt.models.calendar_token import CalendarToken
from gridt.models.event import Event, EventKind, after_commit, in_transaction, record
from gridt.models.former_membership import FormerMembership, Stretch, stretches_of
from gridt.models.groups.collection import (
    GROUP_KINDS,
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    PICKUP_GROUP,
    SQUAD,
    TEAM,
    Collection,
    Organisation,
    PickupGroup,
    Squad,
    Team,
)
from gridt.models.groups.group_rows import ROSTER_KEYS, Membership, Role
from gridt.models.groups.group_views import (
    GROUPS,
    MINE,
    ROLES,
    ROSTER,
    find_group_view,
    group_view,
    groups_of,
    member_view,
    reaching,
    role_view,
    roster_of,
)
from gridt.models.groups.inviting import may_invite
from gridt.models.groups.joining import accept_invitation
from gridt.models.groups.organisation_settings import (
    FLAGS,
    LONGEST_LOCATION,
    PRESETS,
    IncompatibleSettings,
    OrganisationSettings,
)
from gridt.models.groups.owned_movements import MOST_MOVEMENTS, ensure_may_own_another
from gridt.models.groups.principal import Principal, Visitor
from gridt.models.groups.scope import (
    GroupError,
    InvalidHierarchy,
    OrganisationMismatch,
    TooManyOfGroup,
)
from gridt.models.idempotency_key import LIFETIME as ANSWER_LIFETIME
from gridt.models.idempotency_key import IdempotencyKey
from gridt.models.invitation import IS_OPEN, LINK, Invitation, InvitedGroup, Offer
from gridt.models.invitation_use import InvitationUse
from gridt.models.invitation_views import (
    INVITATION_STATES,
    INVITATIONS,
    find_invitation_view,
    invitation_view,
)
from gridt.models.job import DEAD, PRIORITIES, RUNNING, Job
from gridt.models.link_views import LINK_STATES, LINKS, find_link_view, link_view
from gridt.models.login import ACTIVE_LOGINS, LOGIN_KINDS, Login
from gridt.models.login_throttle import LoginThrottle, PasswordAttempt, delay_of_mail
from gridt.models.member_removal import MemberRemoval
from gridt.models.member_views import (
    MEMBERS_KEYS,
    MEMBERS_QUERY,
    NAMED_MEMBER_QUERY,
    REMOVALS_QUERY,
)
from gridt.models.movement import Movement
from gridt.models.movement_user_association import SLOTS, MovementUserAssociation
from gridt.models.network.membership import FETCHED_AT_ONCE
from gridt.models.network.selection import CHOICES, WINDOW
from gridt.models.ownership import MOVEMENTS, SECTIONS, USERS, references
from gridt.models.quotas import (
    COUNTED_EVERY,
    NO_QUOTAS,
    Quotas,
    SwapCount,
    ensure_may_start,
    ensure_turn_allows,
    ensure_updates_allowed,
)
from gridt.models.report import CATEGORIES, Report, Snapshot
from gridt.models.report_views import REPORT_STATES, REPORTS, find_report_view, report_view
from gridt.models.rows import Rules, StandingRow, fetch, read
from gridt.models.schedule import (
    FormerClock,
    FormerGoal,
    FormerInterval,
    SubscriptionPause,
    clock_of,
)
from gridt.models.service_identity import SERVICE_NAME, known_service_id, service_id
from gridt.models.standing.checkpoints import Checkpoint
from gridt.models.standing.grace import open_turns
from gridt.models.standing.past import MOST_READ, MemberPast, past_of, schedule_of
from gridt.models.standing.reading import full_standing_of, is_complete, terms_of
from gridt.models.standing.replay import (
    RECOMPUTE_MEMBER,
    Correction,
    corrections,
    enqueue_recompute_of,
    recompute,
    recompute_soon,
    recompute_step,
)
from gridt.models.standing.store import (
    STANDING_ROW,
    load_row,
    lock_row,
    persist_at,
    store_pauses,
    terms_since,
    to_columns,
)
from gridt.models.standing.summaries import goals_before, own_standing_view
from gridt.models.subscription import IN_MOVEMENT, KEYS, Subscription, keys_of, random_key
from gridt.models.update import Update, count_imported, recompute_member
from gridt.models.user import User, avatar_of
from gridt.models.user_preferences import PREFERENCES, AccountRow, UserPreferences, account_row
from gridt.models.views import (
    FOLLOWERS_QUERY,
    UPDATES_QUERY,
    is_leader,
    leader_view,
    message_history,
    people_views,
    update_view,
)

__all__ = [
    "ACTIVE_LOGINS",
    "ANSWER_LIFETIME",
    "AUDITED",
    "CATEGORIES",
    "CHOICES",
    "COUNTED_EVERY",
    "DEAD",
    "DIRECTIONS",
    "FETCHED_AT_ONCE",
    "FLAGS",
    "FOLLOWERS_QUERY",
    "GROUPS",
    "GROUP_KINDS",
    "INVITATIONS",
    "INVITATION_STATES",
    "IN_MOVEMENT",
    "IS_OPEN",
    "KEYS",
    "LINK",
    "LINKS",
    "LINK_STATES",
    "LOGIN_KINDS",
    "LONGEST_DESCRIPTION",
    "LONGEST_LOCATION",
    "LONGEST_NAME",
    "MEMBERS_KEYS",
    "MEMBERS_QUERY",
    "MINE",
    "MOST_MOVEMENTS",
    "MOST_READ",
    "MOVEMENTS",
    "NAMED_MEMBER_QUERY",
    "NO_QUOTAS",
    "PICKUP_GROUP",
    "PREFERENCES",
    "PRESETS",
    "PRIORITIES",
    "RECOMPUTE_MEMBER",
    "REMOVALS_QUERY",
    "REPORTS",
    "REPORT_STATES",
    "ROLES",
    "ROSTER",
    "ROSTER_KEYS",
    "RUNNING",
    "SECTIONS",
    "SERVICE_NAME",
    "SLOTS",
    "SQUAD",
    "STANDING_ROW",
    "TEAM",
    "UPDATES_QUERY",
    "USERS",
    "WINDOW",
    "AccountRow",
    "AuditEntry",
    "Block",
    "CalendarToken",
    "Checkpoint",
    "Collection",
    "Correction",
    "DueEvent",
    "Event",
    "EventKind",
    "FormerClock",
    "FormerGoal",
    "FormerInterval",
    "FormerMembership",
    "GroupError",
    "IdempotencyKey",
    "IncompatibleSettings",
    "InvalidHierarchy",
    "Invitation",
    "InvitationUse",
    "InvitedGroup",
    "Job",
    "Login",
    "LoginThrottle",
    "MemberPast",
    "MemberRemoval",
    "Membership",
    "Model",
    "Movement",
    "MovementRename",
    "MovementUserAssociation",
    "Offer",
    "Organisation",
    "OrganisationMismatch",
    "OrganisationSettings",
    "PasswordAttempt",
    "PickupGroup",
    "Principal",
    "Quotas",
    "Report",
    "Revision",
    "Role",
    "Rows",
    "Rules",
    "Snapshot",
    "Squad",
    "StandingRow",
    "Stretch",
    "Subscription",
    "SubscriptionPause",
    "SwapCount",
    "Team",
    "TooManyOfGroup",
    "UTCDateTime",
    "Update",
    "User",
    "UserPreferences",
    "Visitor",
    "accept_invitation",
    "account_row",
    "after_commit",
    "avatar_of",
    "blocked_among",
    "clock_of",
    "corrections",
    "count_imported",
    "count_rename",
    "delay_of_mail",
    "enqueue_recompute_of",
    "ensure_may_own_another",
    "ensure_may_start",
    "ensure_turn_allows",
    "ensure_updates_allowed",
    "entries",
    "execute",
    "fetch",
    "find_group_view",
    "find_invitation_view",
    "find_link_view",
    "find_report_view",
    "followed_before",
    "full_standing_of",
    "goals_before",
    "group_view",
    "groups_of",
    "in_transaction",
    "invitation_view",
    "is_complete",
    "is_leader",
    "keys_of",
    "known_service_id",
    "largest_in",
    "leader_view",
    "link_view",
    "load_row",
    "lock_row",
    "may_invite",
    "member_view",
    "message_history",
    "open_turns",
    "own_standing_view",
    "past_of",
    "people_views",
    "persist_at",
    "random_key",
    "reaching",
    "read",
    "recompute",
    "recompute_member",
    "recompute_soon",
    "recompute_step",
    "record",
    "references",
    "report_view",
    "revise_due_events",
    "role_view",
    "roster_of",
    "schedule_of",
    "service_id",
    "store_pauses",
    "stretches_of",
    "terms_of",
    "terms_since",
    "to_columns",
    "update_view",
]
