"""Validators whose messages are refusals."""

from typing import Any

from marshmallow import ValidationError, validate

from gridt.refusals import Code, Refusal


class Length(validate.Length):
    """The length of a text."""

    def __call__(self, value: Any) -> Any:
        """Refuse a text that is too short or too long."""
        if self.min is not None and len(value) < self.min:
            short = Refusal(Code.TOO_SHORT, minimum=self.min)
            raise ValidationError(Refusal(Code.EMPTY) if self.min == 1 else short)
        if self.max is not None and len(value) > self.max:
            raise ValidationError(Refusal(Code.TOO_LONG, maximum=self.max))
        return value


class Range(validate.Range):
    """The range of a number."""

    def __call__(self, value: Any) -> Any:
        """Refuse a number that is too small or too large."""
        if self.min is not None and value < self.min:
            raise ValidationError(Refusal(Code.TOO_SMALL, minimum=self.min))
        if self.max is not None and value > self.max:
            raise ValidationError(Refusal(Code.TOO_LARGE, maximum=self.max))
        return value


class OneOf(validate.OneOf):
    """The texts that a member may have."""

    def __call__(self, value: Any) -> Any:
        """Refuse a text that is none of them."""
        if value not in self.choices:
            raise ValidationError(Refusal(Code.NOT_A_CHOICE, choices=[*map(str, self.choices)]))
        return value
