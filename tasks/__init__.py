"""Work: campaigns, microtasks, claims, contributions, results."""
