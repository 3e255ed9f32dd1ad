"""The meaning of each problem type, for its page."""

from dataclasses import dataclass

from gridt import errors
from gridt.errors import GridtError

#: by the class of the problem: the meaning, and what the client can do
_TEXTS: dict[type[GridtError], tuple[str, str]] = {
    errors.WrongCredentials: (
        "No account has this username or e-mail address together with this password.",
        "Let the user type them again. After several wrong passwords, the service answers 429.",
    ),
    errors.InvalidToken: (
        "The request needs a token, and has none that is valid now.",
        "Get new tokens with the refresh token, and repeat the request. If that fails, let the"
        " user log in.",
    ),
    errors.InvalidMailToken: (
        "The code from an e-mail is wrong, is more than two hours old, or was used before.",
        "Let the user copy the whole code, or ask for a new e-mail.",
    ),
    errors.NotAllowed: (
        "The service knows the caller, but the caller may not do this.",
        "Do not repeat the request. The sentence in `message` says who may do it.",
    ),
    errors.RemovedFromMovement: (
        "The creator of the movement or an admin removed the caller from it.",
        "Do not repeat the request. The creator or an admin can lift the removal.",
    ),
    errors.GroupsOff: (
        "The operator has not turned groups on, so nobody makes an organisation.",
        "Do not repeat the request. The operator sets `GRIDT_GROUPS=true`.",
    ),
    errors.AccountDeactivated: (
        "An admin has deactivated this account.",
        "Do not repeat the request. Only an admin can reactivate the account.",
    ),
    errors.RegistrationClosed: (
        "The operator has closed registration, and opens all accounts.",
        "Do not repeat the request. Show the sentence in `message`.",
    ),
    errors.InvitationNeeded: (
        "People register here with an invitation, and the request has none.",
        "Let the user give the code of an invitation, and repeat the request with it.",
    ),
    errors.AnotherAddress: (
        "The invitation is for one e-mail address, and the request has another one.",
        "Let the user give the address that the invitation is for. `POST /invitations/look` hints"
        " at it.",
    ),
    errors.NotFound: (
        "There is no such object, or the caller may not know about it.",
        "Check the address.",
    ),
    errors.MovementNotFound: (
        "No movement has this name or id.",
        "Read the list of movements again. The movement may have been renamed or deleted.",
    ),
    errors.UpdateNotFound: (
        "No update has this id, or the caller may not see it.",
        "Read the list of updates again.",
    ),
    errors.LoginNotFound: (
        "The caller has no active session with this id.",
        "Read the list of sessions again. The session may have ended.",
    ),
    errors.UserNotFound: (
        "No user has this id, or the caller may not see them.",
        "Read the list again. The account may have been deleted.",
    ),
    errors.MemberNotFound: (
        "The movement has no member with this id.",
        "Read the list of members again. The member may have left.",
    ),
    errors.ReportNotFound: (
        "No report has this id.",
        "Read the list of reports again.",
    ),
    errors.InvitationNotFound: (
        "No invitation has this code or id. Invitations are deleted a month after they expire.",
        "Let the user copy the whole code. After several wrong codes, the service answers 429.",
    ),
    errors.GroupNotFound: (
        "No group has this id, or the caller may not see it.",
        "Read the list of groups again. The group may have been deleted.",
    ),
    errors.GroupMemberNotFound: (
        "The user is no member of this group.",
        "Read the list of members again. The member may have left.",
    ),
    errors.RoleNotFound: (
        "The user does not have this role in this very group. They may have it from a group above.",
        "Read the list of roles with `inherited=true`, and end the role in the group that has it.",
    ),
    errors.NotFollowing: (
        "The caller does not follow this user in this movement, so the user is no leader of"
        " theirs.",
        "Read the movement again: its leaders may have changed.",
    ),
    errors.Conflict: (
        "Another request changed the same data at the same time.",
        "Read the data again, and repeat the request if it still makes sense.",
    ),
    errors.UsernameTaken: (
        "Another account has this username, perhaps in upper or lower case.",
        "Let the user choose another username.",
    ),
    errors.EmailTaken: (
        "Another account has this e-mail address.",
        "Let the user log in to that account, reset its password, or give another address.",
    ),
    errors.MovementNameTaken: (
        "Another movement has this name, perhaps in upper or lower case.",
        "Let the user choose another name, or join that movement.",
    ),
    errors.GroupInUse: (
        "A movement of this group, or of one below it, has members.",
        "Let the members leave the movement, or delete it, and try again.",
    ),
    errors.GroupNameTaken: (
        "Another group beside this has the name, perhaps in upper or lower case.",
        "Let the user choose another name.",
    ),
    errors.NotAMember: (
        "A member of a group is a member of the group above, and this user is not.",
        "Add the user to the group above first.",
    ),
    errors.InAnotherOrganisation: (
        "A user is in one organisation at most, and this user is in another.",
        "Show the sentence in `message`. The user can leave the other organisation first.",
    ),
    errors.NotSubscribed: (
        "Only members of the movement can do this, and the caller is no member.",
        "Subscribe to the movement, and repeat the request.",
    ),
    errors.AlreadyDone: (
        "The movement counts one update in each turn, and the turn of `at` has one already.",
        "Show the turn as done. Nothing else is needed.",
    ),
    errors.NobodyEligible: (
        "The movement has no other member whom the caller could follow.",
        "Show the leaders that the caller has. Try again when the movement has more members.",
    ),
    errors.EverySlotTaken: (
        "The caller has a leader in each slot already.",
        "Read the movement again and show its leaders. To follow another member, swap a leader.",
    ),
    errors.MovementInUse: (
        "The movement has other members, or updates of removed ones. Only an admin can delete it.",
        "Leave the movement instead of deleting it.",
    ),
    errors.CreatorStays: (
        "The user created the movement. Its creator cannot be removed from it.",
        "Nothing. An admin can delete the movement, or deactivate the account.",
    ),
    errors.LastAdmin: (
        "The service, or an organisation, would be left without an admin.",
        "Make another user an admin, and repeat the request.",
    ),
    errors.TooManyBlocks: (
        "The caller blocks as many users as the service allows.",
        "Unblock a user first.",
    ),
    errors.TooManyMovements: (
        "The caller has started as many movements as the service allows.",
        "Delete a movement first, or join one of another user.",
    ),
    errors.TooManySubscriptions: (
        "The caller is a member of as many movements as the service allows.",
        "Leave a movement first.",
    ),
    errors.TooManyUpdates: (
        "The caller has as many updates as the service stores.",
        "Delete old updates first.",
    ),
    errors.TooManyReports: (
        "The caller has as many open reports as the service allows.",
        "Wait until an admin has closed some of them.",
    ),
    errors.OwnUpdate: (
        "The update is the caller's own.",
        "Delete the update instead of reporting it.",
    ),
    errors.ReportClosed: (
        "An admin has closed this report before.",
        "Read the report again.",
    ),
    errors.InvitationOver: (
        "The invitation has expired, was revoked, or was used as often as it may be. An invitation"
        " into a group also ends when its maker may no longer invite, and for a person who has"
        " left the group.",
        "Show the sentence in `message`, which says which. Only another invitation helps.",
    ),
    errors.KeyInUse: (
        "The first request with this `Idempotency-Key` has no answer yet.",
        "Repeat the request with the same key, after the seconds in `Retry-After`.",
    ),
    errors.AlreadyCreated: (
        "The first request with this `Idempotency-Key` created an object with a secret, and the"
        " service shows a secret only once.",
        "Find the object at the address in `Location`. To get a new secret, send a new request with"
        " a new key.",
    ),
    errors.KeyReused: (
        "Another request was sent with the same `Idempotency-Key`.",
        "Choose a new random key for each request. Use a key again only to repeat a request.",
    ),
    errors.PicturesNotInstalled: (
        "This server lacks the packages that draw networks.",
        "Ask for another format. An operator can install the packages.",
    ),
    errors.Invalid: (
        "The request is well-formed, but a part of it is not valid.",
        "Show each entry of `errors` beside the field that its `pointer` names, and let the user"
        " correct it.",
    ),
    errors.NotInTime: (
        "The moment of the update is in the future, before the subscription, or in a turn that"
        " ended too long ago.",
        "Let the user choose another moment, or leave it out to report the present turn.",
    ),
    errors.BadRows: (
        "Some rows of the file are wrong. The service imported nothing.",
        "Show the rows that `errors` names, let the user correct the file, and send it again.",
    ),
    errors.TooManyRequests: (
        "This address or account sent too many requests.",
        "Wait for the seconds in `Retry-After`, and send fewer requests.",
    ),
    errors.TooManyAttempts: (
        "There were too many wrong passwords for this account, or from this address.",
        "Wait for the seconds in `Retry-After`. Until then, correct passwords are refused, too.",
    ),
    errors.TooManyUpdatesInTurn: (
        "The caller has posted as many updates in this turn as the service allows.",
        "Wait for the seconds in `Retry-After`: then the next turn begins.",
    ),
    errors.TooManySwaps: (
        "The caller has swapped as many leaders in this movement today as the service allows.",
        "Wait for the seconds in `Retry-After`.",
    ),
    errors.TooManyAtOnce: (
        "The account has too many requests that are not answered yet.",
        "Wait for the answers, and repeat the request.",
    ),
    errors.TooManyClocks: (
        "The caller has changed their time zone, or the start of their day or week, too often.",
        "Wait for the seconds in `Retry-After`.",
    ),
    errors.IntervalChangedLately: (
        "The creator can change the interval of a movement once a day.",
        "Wait for the seconds in `Retry-After`.",
    ),
    errors.GoalChangedLately: (
        "The creator can change the goal of a movement once a day.",
        "Wait for the seconds in `Retry-After`.",
    ),
    errors.Busy: (
        "The service cannot answer now: its database is busy or not available.",
        "Wait for the seconds in `Retry-After`, and repeat the request. Repeat a request that"
        " creates something with the same `Idempotency-Key`.",
    ),
}


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A type of problem, as its page shows it."""

    slug: str
    title: str
    status: int
    meaning: str
    advice: str


#: all types, by their slugs
PROBLEM_TYPES = {
    kind.slug: ProblemType(kind.slug, kind.title, kind.status, meaning, advice)
    for kind, (meaning, advice) in _TEXTS.items()
}
