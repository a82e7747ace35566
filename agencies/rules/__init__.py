"""An agency's own access rules: drafted in a form, tried out, signed, kept version by version.

What a rule may say and how it is decided is `security.access`; here is whose rules they are and which hold now.
"""

from agencies.rules.errors import RulesUnreadable
from agencies.rules.reading import current

__all__ = ["RulesUnreadable", "current"]
