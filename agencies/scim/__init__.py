"""People and groups as an agency's own directory keeps them here (SCIM 2.0, RFC 7643 and 7644).

    models        tables of credentials, users, groups
    credentials   the program that may speak for one agency's directory
    filtering     a SCIM filter as SQL
    people        users, and how they are found
    rows          the rows of a user
    adopting      people who joined by another way become users
    identities    whom an externalId means
    provisioning  users made, changed and ended, and what follows
    groups        groups, and what an administrator lets them give
    given         roles and places in units that people hold through groups

A credential sees one agency. Another agency's people, or a person's life in another agency, do not exist for it.
"""
