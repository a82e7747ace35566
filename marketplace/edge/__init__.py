"""What both doors share: one transaction per request, who acts, permissions per route, problems, sign-in."""
