"""Workers: what happens after somebody's request was answered. They need no Flask app."""
