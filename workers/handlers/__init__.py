"""One module per noun; importing this package fills the registry."""

from workers.handlers import campaigns, claims, jobs, notices, numbers, people, sessions, witnesses

__all__ = ["campaigns", "claims", "jobs", "notices", "numbers", "people", "sessions", "witnesses"]
