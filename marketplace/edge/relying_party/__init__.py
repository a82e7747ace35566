"""The parts of the relying party: the line to a provider, what it publishes, and how we authenticate there.

`marketplace/edge/strict_client.py` puts them together; what is right and wrong is decided in `security.oidc`.
"""
