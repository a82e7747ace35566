"""The key provider of this process. Whoever starts a process binds one, once."""

from agencies.keys.interface import KeyProvider

_bound: list[KeyProvider] = []


def bind(keys: KeyProvider) -> None:
    """Name the process's key provider; a later call replaces it."""
    _bound[:] = [keys]


def provider() -> KeyProvider:
    """The bound provider."""
    if not _bound:
        raise RuntimeError("agencies.keys.bound.bind(provider) has not been called in this process")
    return _bound[0]
