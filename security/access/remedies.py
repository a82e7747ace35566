"""What would help, as codes: the only ones a rule may name. The pages have a sentence for each."""

STEP_UP = "step_up"

BY_ONESELF = frozenset(
    {STEP_UP, "use_office_network", "use_vpn", "use_managed_device", "use_browser", "add_skill"}
)
"""What a person can do about a refusal alone, now or soon: such work is shown as one step away."""

REMEDIES = BY_ONESELF | {
    "ask_owner",
    "ask_administrator",
    "ask_security_officer",
    "ask_colleague",
    "find_other_work",
}
