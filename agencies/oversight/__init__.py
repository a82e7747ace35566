"""The officer's room: alerts about exposure of content, look-ups of names, incidents, access reviews, saved views.

Nothing here judges what anybody made. It reads the security record, and every reading is on that record.
"""
