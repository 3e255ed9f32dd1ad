"""The errors of the domain, with HTTP statuses and slugs.

Nothing here knows Flask: `gridt.http.problems` turns these errors into problem documents.
"""

from typing import Any, ClassVar

from gridt.refusals import Code, Refusal, entry, pointer_to, sentence_of
from gridt.text import duration_in_words, with_noun


class GridtError(Exception):
    """An error that the caller can understand.

    :param detail: one plain sentence; by default the class's `title`
    :param retry_after: seconds after which trying again makes sense
    """

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request cannot be served."

    def __init__(self, detail: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after = retry_after


class WrongCredentials(GridtError):
    status, slug, title = 401, "wrong-credentials", "The username or the password is wrong."


class InvalidToken(GridtError):
    status, slug, title = 401, "invalid-token", "The token is missing, invalid, expired or revoked."


class InvalidMailToken(GridtError):
    status, slug = 401, "invalid-mail-token"
    title = "This code is wrong, has expired, or was used before."


class NotAllowed(GridtError):
    status, slug, title = 403, "not-allowed", "You may not do this."


class RemovedFromMovement(NotAllowed):
    slug, title = "removed", "You were removed from this movement and cannot join it again."


class GroupsOff(NotAllowed):
    slug = "groups-off"
    title = "Groups are off here. The operator can turn them on with GRIDT_GROUPS."


class AccountDeactivated(GridtError):
    status, slug, title = 403, "account-deactivated", "This account is deactivated."


class RegistrationClosed(GridtError):
    status, slug = 403, "registration-closed"
    title = "Registration is closed. Only the operator can open an account for you."


class InvitationNeeded(GridtError):
    status, slug = 403, "invitation-needed"
    title = "You need an invitation to register here. Please ask an admin for one."


class AnotherAddress(GridtError):
    status, slug, title = 403, "another-address", "This invitation is for another e-mail address."


class NotFound(GridtError):
    status, slug, title = 404, "not-found", "There is nothing at this address."


class MovementNotFound(NotFound):
    slug, title = "movement-not-found", "There is no such movement."


class UpdateNotFound(NotFound):
    slug, title = "update-not-found", "There is no such update."


class LoginNotFound(NotFound):
    slug, title = "login-not-found", "You have no such session."


class UserNotFound(NotFound):
    slug, title = "user-not-found", "There is no such user."


class MemberNotFound(NotFound):
    slug, title = "member-not-found", "There is no such member in this movement."


class ReportNotFound(NotFound):
    slug, title = "report-not-found", "There is no such report."


class InvitationNotFound(NotFound):
    slug = "invitation-not-found"
    title = "There is no such invitation. Please check the code."


class GroupNotFound(NotFound):
    slug, title = "group-not-found", "There is no such group."


class GroupMemberNotFound(NotFound):
    slug, title = "group-member-not-found", "This group has no such member."


class RoleNotFound(NotFound, ValueError):
    slug, title = "role-not-found", "This user has no such role in this very group."


class NotFollowing(NotFound, ValueError):
    slug, title = "not-following", "You do not follow this leader."


class Conflict(GridtError):
    status, slug, title = 409, "conflict", "The request conflicts with the present state."


class UsernameTaken(Conflict):
    slug, title = "username-taken", "This username is taken."


class EmailTaken(Conflict):
    slug, title = "email-taken", "This e-mail address is taken."


class MovementNameTaken(Conflict):
    slug, title = "movement-name-taken", "There is already a movement with this name."


class GroupNameTaken(Conflict, ValueError):
    slug, title = "group-name-taken", "There is already a group with this name here."


class GroupInUse(Conflict, ValueError):
    slug, title = "group-in-use", "This group, or one below it, owns a movement with members."


class NotAMember(Conflict, ValueError):
    slug, title = "not-a-member", "This user must be a member of the group above first."


class InAnotherOrganisation(Conflict, ValueError):
    slug = "in-another-organisation"
    title = "A user can be in one organisation only, and this one is in another."


class NotSubscribed(Conflict):
    slug, title = "not-subscribed", "You are not subscribed to this movement."


class AlreadyDone(Conflict):
    slug, title = "already-done", "This turn is already done."


class NobodyEligible(Conflict):
    slug, title = "nobody-eligible", "There is no other member to follow in this movement."


class EverySlotTaken(Conflict):
    slug, title = "no-open-slot", "All your slots in this movement have a leader."


class MovementInUse(Conflict):
    slug, title = "movement-in-use", "Other users are subscribed to this movement."


class CreatorStays(Conflict):
    slug, title = "creator-stays", "The creator of a movement cannot be removed from it."


class LastAdmin(Conflict):
    slug, title = "last-admin", "This is the last admin. Make another user an admin first."


class TooManyBlocks(Conflict):
    slug, title = "too-many-blocks", "You have reached the limit of blocked users."


class TooManyMovements(Conflict):
    slug, title = "too-many-movements", "You have reached the limit of started movements."


class TooManySubscriptions(Conflict):
    slug, title = "too-many-subscriptions", "You have reached the limit of joined movements."


class TooManyUpdates(Conflict):
    slug, title = "too-many-updates", "You have reached the limit of updates."


class TooManyReports(Conflict):
    slug, title = "too-many-reports", "You have reached the limit of open reports."


class OwnUpdate(Conflict):
    slug, title = "own-update", "You cannot report your own update, but you can delete it."


class ReportClosed(Conflict):
    slug, title = "report-closed", "This report is already closed."


class InvitationOver(Conflict):
    slug = "invitation-over"
    title = "This invitation can no longer be used. Please ask for another one."


class KeyInUse(Conflict):
    slug = "idempotency-key-in-use"
    title = "The first request with this Idempotency-Key is not answered yet."


class AlreadyCreated(Conflict):
    """A repeated request's object exists; its secret is not repeated."""

    slug = "already-created"
    title = "This was created before. Its secret is shown only once."

    def __init__(self, location: str) -> None:
        """Take the path of the existing object."""
        super().__init__()
        self.location = location


class PicturesNotInstalled(GridtError):
    status, slug = 501, "pictures-not-installed"
    title = "This server cannot draw networks."


class Invalid(GridtError):
    """Well-formed input that fails validation; `errors` names each member.

    A body of a megabyte can have a hundred thousand wrong members, so only the first are listed.
    """

    #: how many errors are listed, and how many `detail` names
    LISTED, SPELLED = 100, 5

    status, slug, title = 422, "invalid", "The request is not valid."

    def __init__(self, errors: list[dict[str, Any]], detail: str | None = None) -> None:
        """Take the entries, each made by `gridt.refusals.entry`."""
        super().__init__(detail or " ".join(map(sentence_of, errors[: self.SPELLED])))
        self.errors = errors[: self.LISTED]

    @classmethod
    def member(cls, pointer: str, refusal: Refusal, location: str = "json") -> "Invalid":
        """Return the error of one member of a request."""
        return Invalid([entry(pointer, refusal, location)])


class KeyReused(Invalid):
    slug = "idempotency-key-reused"
    title = "This Idempotency-Key belongs to another request. Please choose a new one."

    def __init__(self) -> None:
        super().__init__([entry("#/Idempotency-Key", Refusal(Code.KEY_REUSED), "header")])


class TooManyRequests(GridtError):
    status, slug, title = (
        429,
        "too-many-requests",
        "There are too many requests. Please try again later.",
    )

    def __init__(self, detail: str | None = None, retry_after: int | None = None) -> None:
        if retry_after is not None:
            known, _, _ = (detail or self.title).partition(" Please try again")
            detail = f"{known} Try again in {duration_in_words(retry_after)}."
        super().__init__(detail, retry_after)


class TooManyAttempts(TooManyRequests):
    slug, title = (
        "too-many-attempts",
        "There were too many wrong passwords. Please try again later.",
    )


class TooManyUpdatesInTurn(TooManyRequests):
    slug, title = "too-many-updates-in-turn", "You have posted too many updates in this turn."


class TooManySwaps(TooManyRequests):
    slug, title = "too-many-swaps", "You have swapped too many leaders in this movement today."


class TooManyAtOnce(TooManyRequests):
    slug, title = (
        "too-many-at-once",
        "Your account has too many requests at the same time. Please try again.",
    )


class TooManyClocks(TooManyRequests):
    slug = "too-many-clocks"
    title = "You have changed your clock too often within a day. Please try again later."


class IntervalChangedLately(TooManyRequests):
    slug = "interval-changed-lately"
    title = "The interval was changed within the last day. Please try again later."


class GoalChangedLately(TooManyRequests):
    slug = "goal-changed-lately"
    title = "The goal was changed within the last day. Please try again later."


class NotInTime(Invalid):
    slug, title = "not-in-time", "This moment cannot be reported."

    def __init__(self, refusal: Refusal) -> None:
        super().__init__([entry("#/at", refusal)])


class BadRows(Invalid):
    """Rows of a file that cannot be imported.

    They have the numbers of a spreadsheet: the first row is 1.
    """

    slug, title = "bad-rows", "Some rows cannot be imported."
    #: the largest number of errors in an answer
    NAMED: ClassVar[int] = 100

    def __init__(self, wrong: list[tuple[int, str, Refusal]]) -> None:
        """Take the errors of the rows.

        :param wrong: the row of each error, the column or nothing, and the message
        """
        rows = len({row for row, _, _ in wrong})
        detail = f"{with_noun(rows, 'row')} cannot be imported, so nothing was imported."
        if len(wrong) > self.NAMED:
            detail += f" The first {self.NAMED} errors are listed."
        errors = [
            entry(pointer_to("rows", row, *([column] if column else [])), refusal)
            for row, column, refusal in sorted(wrong)[: self.NAMED]
        ]
        super().__init__(errors, detail)


class Busy(GridtError):
    status, slug, title = 503, "busy", "The service is busy. Please try again."


class Overtaken(Busy):
    """Another transaction changed the same data meanwhile.

    A retry succeeds.
    """
