"""The answer to "may this be done?": allowed, or every reason why not, each with what would help.

Reasons are codes with facts. The edges turn them into sentences in the reader's language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that does not hold: its code, the facts its sentence needs, and the code of the remedy."""

    code: str
    args: Mapping[str, str] = field(default_factory=dict)
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed where no rule failed. A decision has no truth value of its own: ask `.allowed`."""

    failed: tuple[Reason, ...] = ()

    @property
    def allowed(self) -> bool:
        return not self.failed

    def __bool__(self) -> bool:
        # `if decision:` would silently mean "an object exists", and a forgotten `.allowed` would open a door.
        raise TypeError("ask decision.allowed, or decision.or_raise(...)")

    def __and__(self, other: "Decision") -> "Decision":
        """Both must allow; the failed rules of both are kept, in order."""
        return Decision(self.failed + other.failed)

    def or_raise(self, refusal: Callable[..., Exception], **facts: object) -> None:
        """Raise `refusal(reasons=…, **facts)` unless allowed; `refusal` is normally a DomainError class."""
        if self.failed:
            raise refusal(reasons=self.failed, **facts)


ALLOWED = Decision()


def refused(code: str, remedy: str | None = None, **args: str) -> Decision:
    """A decision with one failed rule: `refused("clearance", remedy="ask_owner", level="sensitive")`."""
    return Decision((Reason(code, args, remedy),))
