"""Property tests here encrypt and hash: on a busy machine one example may be slow without anything being wrong."""

from hypothesis import settings

settings.register_profile("security", deadline=None)
settings.load_profile("security")
