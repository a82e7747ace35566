"""Which role may do what, in one table.

Whether it may be done *to this thing* is for the rules that stand beside that thing.
"""

from enum import StrEnum

from security.principal import Principal, Role


class Permission(StrEnum):
    """A named right that a route or use-case asks for."""

    SEE_OWN = "see_own"
    READ_NOTICES = "read_notices"
    MAKE_TOKEN = "make_token"  # noqa: S105 - the name of a right, no secret
    SEE_BOARD = "see_board"
    SEE_CAMPAIGN = "see_campaign"
    CLAIM_MICROTASK = "claim_microtask"
    CONTRIBUTE = "contribute"
    POST_CAMPAIGN = "post_campaign"
    MOVE_CAMPAIGN = "move_campaign"
    APPROVE_CAMPAIGN = "approve_campaign"
    LET_IN = "let_in"
    KEEP_CONTENT = "keep_content"
    READ_RESULTS = "read_results"
    EXPORT_RESULTS = "export_results"
    APPRAISE = "appraise"
    READ_RECORD = "read_record"
    OVERSEE = "oversee"
    LOOK_UP = "look_up"
    REVIEW_ACCESS = "review_access"
    READ_SUMMARY = "read_summary"
    ANSWER_REQUESTS = "answer_requests"
    OPERATE = "operate"
    READ_WHOLE_RECORD = "read_whole_record"
    GIVE_CLEARANCE = "give_clearance"
    ADMINISTER_AGENCY = "administer_agency"
    READ_AGREEMENTS = "read_agreements"
    SEE_PEOPLE = "see_people"
    CONFIRM_SKILLS = "confirm_skills"
    READ_NUMBERS = "read_numbers"
    APPROVE_NUMBERS = "approve_numbers"


# What belongs to every signed-in person: their own account, and word of what became of their work.
_EVERY_PERSON = frozenset({Permission.SEE_OWN, Permission.READ_NOTICES, Permission.MAKE_TOKEN})

# An operator sees no content, an officer judges nobody's output; whoever also does tasks is CONTRIBUTOR too.
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CONTRIBUTOR: _EVERY_PERSON
    | {
        Permission.SEE_BOARD,
        Permission.SEE_CAMPAIGN,
        Permission.CLAIM_MICROTASK,
        Permission.CONTRIBUTE,
    },
    Role.TASK_OWNER: _EVERY_PERSON
    | {
        Permission.SEE_BOARD,
        Permission.SEE_CAMPAIGN,
        Permission.POST_CAMPAIGN,
        Permission.MOVE_CAMPAIGN,
        Permission.LET_IN,
        Permission.KEEP_CONTENT,
        Permission.READ_RESULTS,
        Permission.EXPORT_RESULTS,
    },
    Role.APPRAISER: _EVERY_PERSON
    | {
        Permission.SEE_BOARD,
        Permission.SEE_CAMPAIGN,
        Permission.READ_RESULTS,
        Permission.APPRAISE,
    },
    Role.SECURITY_OFFICER: _EVERY_PERSON
    | {
        Permission.READ_RECORD,
        Permission.OVERSEE,
        Permission.LOOK_UP,
        Permission.REVIEW_ACCESS,
        Permission.READ_SUMMARY,
        Permission.GIVE_CLEARANCE,
        Permission.LET_IN,
        Permission.READ_AGREEMENTS,
        Permission.SEE_PEOPLE,
    },
    Role.MARKETPLACE_OFFICER: _EVERY_PERSON
    | {
        Permission.READ_RECORD,
        Permission.READ_WHOLE_RECORD,
        Permission.OVERSEE,
        Permission.READ_SUMMARY,
    },
    Role.OPERATOR: _EVERY_PERSON | {Permission.OPERATE},
    Role.AGENCY_ADMIN: _EVERY_PERSON
    | {
        Permission.ADMINISTER_AGENCY,
        Permission.MOVE_CAMPAIGN,
        Permission.APPROVE_CAMPAIGN,
        Permission.READ_AGREEMENTS,
        Permission.READ_NUMBERS,
        Permission.REVIEW_ACCESS,
        Permission.SEE_PEOPLE,
        Permission.CONFIRM_SKILLS,
    },
    # Of work, hours agreed and used, in total, is all a line manager may ever see; until that page stands, nothing.
    Role.LINE_MANAGER: _EVERY_PERSON | {Permission.CONFIRM_SKILLS},
    Role.DATA_PROTECTION: _EVERY_PERSON
    | {
        Permission.READ_AGREEMENTS,
        Permission.READ_NUMBERS,
        Permission.LOOK_UP,
        Permission.READ_SUMMARY,
        Permission.ANSWER_REQUESTS,
    },
    Role.WORKS_COUNCIL: _EVERY_PERSON | {Permission.READ_NUMBERS, Permission.APPROVE_NUMBERS},
}


def may(principal: Principal, permission: Permission) -> bool:
    """Whether any of the principal's roles carries `permission`."""
    return any(permission in ROLE_PERMISSIONS[role] for role in principal.roles)


def roles_with(permission: Permission) -> frozenset[Role]:
    """The roles of an agency that carry `permission`: what a refusal names as the remedy."""
    carrying = {role for role, permissions in ROLE_PERMISSIONS.items() if permission in permissions}
    # The marketplace's own officer is nobody's remedy where an agency has one.
    return frozenset(carrying - {Role.MARKETPLACE_OFFICER} or carrying)
