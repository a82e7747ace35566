"""Alerts: what the record shows of content being exposed, told to an agency's officers. Never anybody's output."""
