"""Names of keys on the command line: one in 64 begins with a dash and is no option all the same."""

from __future__ import annotations

import re

import click

# 32 bytes in base64url (RFC 4648, section 5): a thumbprint of RFC 7638.
_DASHED = re.compile("-[A-Za-z0-9_-]{42}")


class KeyNamed(click.Command):
    """A command whose only argument is the name of a key, also where it begins with a dash."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with what can only be the key's name behind a `--` of its own."""
        valued = {
            word
            for each in self.params
            if isinstance(each, click.Option) and not each.is_flag
            for word in each.opts
        }
        for at, word in enumerate(args):
            if _DASHED.fullmatch(word) and not (at and args[at - 1] in valued | {"--"}):
                args = [*args[:at], *args[at + 1 :], "--", word]
                break
        return super().parse_args(ctx, args)


def is_thumbprint(word: str) -> bool:
    """Whether it is written as the thumbprint of a key is, and not as an id."""
    return re.fullmatch("[A-Za-z0-9_-]{43}", word) is not None
