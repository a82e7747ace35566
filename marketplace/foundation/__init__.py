"""The floor that every room stands on: settings, database, clock, ids, jobs, idempotency, errors, input."""
