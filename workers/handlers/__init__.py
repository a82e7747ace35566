"""One module per noun; importing this package fills the registry."""

from workers.handlers import campaigns, claims, jobs, notices, numbers, people, record, sessions, witnesses

__all__ = ["campaigns", "claims", "jobs", "notices", "numbers", "people", "record", "sessions", "witnesses"]
