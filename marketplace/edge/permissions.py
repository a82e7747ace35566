"""Who may enter where: one line per route, in one table. A route that is not here does not open.

`EVERYBODY` needs no sign-in. What may be done *to this thing* is decided by the rules beside that thing. A second table
names the pages' acts that take a sign-in of now, `CONFIRMED`; both are asked in one place, before any view runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from flask import request

from agencies.errors import NotPermitted
from marketplace.edge import step_up
from marketplace.edge.acting import acting, current_principal
from security.permissions import Permission, may, roles_with
from security.principal import Factor


class Open(Enum):
    """Marks a route that needs no sign-in."""

    EVERYBODY = "everybody"
    PROVISIONER = "provisioner"


EVERYBODY = Open.EVERYBODY
PROVISIONER = Open.PROVISIONER
"""No person acts: the door of SCIM lets in a program that brings its agency's credential, and nobody else."""

ROUTES: Mapping[str, Permission | Open] = {
    # pages for everybody
    "web.start": EVERYBODY,
    "web.sign_in": EVERYBODY,
    "web.find_agency": EVERYBODY,
    "web.sign_in_agency": EVERYBODY,
    "web.sign_in_callback": EVERYBODY,
    "web.signed_out": EVERYBODY,
    "web.language": EVERYBODY,
    "web.appearance": EVERYBODY,
    "web.help": EVERYBODY,
    "web.accessibility": EVERYBODY,
    "web.data_protection": EVERYBODY,
    "web.invitation": EVERYBODY,
    "web.asset": EVERYBODY,
    # pages of signed-in people
    "web.sign_out": Permission.SEE_OWN,
    "web.step_up": Permission.SEE_OWN,
    "web.resume": Permission.SEE_OWN,
    "web.sessions": Permission.SEE_OWN,
    "web.end_session": Permission.SEE_OWN,
    "web.end_other_sessions": Permission.SEE_OWN,
    "web.hat": Permission.SEE_OWN,
    "web.board": Permission.SEE_BOARD,
    "web.campaign": Permission.SEE_CAMPAIGN,
    "web.claim_next": Permission.CLAIM_MICROTASK,
    "web.claim": Permission.CONTRIBUTE,
    "web.submit": Permission.CONTRIBUTE,
    "web.extend": Permission.CLAIM_MICROTASK,
    "web.release": Permission.CLAIM_MICROTASK,
    "web.my_work": Permission.SEE_OWN,
    "web.notices": Permission.READ_NOTICES,
    "web.open_notice": Permission.READ_NOTICES,
    "web.campaigns": Permission.READ_RESULTS,
    "web.room": Permission.READ_RESULTS,
    "web.under_need_to_know": Permission.LET_IN,
    "web.who_is_in": Permission.LET_IN,
    "web.let_in": Permission.LET_IN,
    "web.end_let_in": Permission.LET_IN,
    "web.results": Permission.READ_RESULTS,
    "web.result": Permission.READ_RESULTS,
    "web.results_csv": Permission.EXPORT_RESULTS,
    "web.record": Permission.READ_RECORD,
    "web.people": Permission.SEE_PEOPLE,
    "web.person": Permission.SEE_PEOPLE,
    "web.grant_role": Permission.ADMINISTER_AGENCY,
    "web.end_role": Permission.SEE_OWN,
    "web.review_role": Permission.ADMINISTER_AGENCY,
    "web.give_clearance": Permission.GIVE_CLEARANCE,
    "web.end_membership": Permission.ADMINISTER_AGENCY,
    "web.end_sessions_of": Permission.ADMINISTER_AGENCY,
    "web.send_person": Permission.ADMINISTER_AGENCY,
    "web.link_person": Permission.ADMINISTER_AGENCY,
    "web.renew_partner": Permission.ADMINISTER_AGENCY,
    "web.invitations": Permission.ADMINISTER_AGENCY,
    "web.invite": Permission.ADMINISTER_AGENCY,
    "web.invite_partner": Permission.ADMINISTER_AGENCY,
    "web.withdraw_invitation": Permission.ADMINISTER_AGENCY,
    "web.moves": Permission.ADMINISTER_AGENCY,
    "web.approve_move": Permission.ADMINISTER_AGENCY,
    "web.decline_move": Permission.ADMINISTER_AGENCY,
    "web.my_roles": Permission.SEE_OWN,
    "web.ask_to_move": Permission.SEE_OWN,
    "web.go_and_move": Permission.SEE_OWN,
    "web.withdraw_move": Permission.SEE_OWN,
    "web.leave": Permission.SEE_OWN,
    "web.agency": Permission.READ_AGREEMENTS,
    "web.sharing": Permission.READ_AGREEMENTS,
    "web.agreements": Permission.ADMINISTER_AGENCY,
    "web.agreement": Permission.ADMINISTER_AGENCY,
    "web.sign_agreement": Permission.ADMINISTER_AGENCY,
    "web.withdraw_agreement": Permission.ADMINISTER_AGENCY,
    "web.invite_first": Permission.ADMINISTER_AGENCY,
    "web.new_agency": Permission.ADMINISTER_AGENCY,
    "web.propose_agency": Permission.ADMINISTER_AGENCY,
    "web.provider": Permission.ADMINISTER_AGENCY,
    "web.check_provider": Permission.ADMINISTER_AGENCY,
    "web.change_provider": Permission.ADMINISTER_AGENCY,
    "web.renew_key": Permission.ADMINISTER_AGENCY,
    "web.suspend_provider": Permission.ADMINISTER_AGENCY,
    "web.propose_terms": Permission.ADMINISTER_AGENCY,
    "web.end_terms": Permission.ADMINISTER_AGENCY,
    "web.units": Permission.ADMINISTER_AGENCY,
    "web.make_unit": Permission.ADMINISTER_AGENCY,
    "web.unit": Permission.ADMINISTER_AGENCY,
    "web.rename_unit": Permission.ADMINISTER_AGENCY,
    "web.move_unit": Permission.ADMINISTER_AGENCY,
    "web.merge_unit": Permission.ADMINISTER_AGENCY,
    "web.end_unit": Permission.ADMINISTER_AGENCY,
    "web.place_in_unit": Permission.ADMINISTER_AGENCY,
    "web.take_out_of_unit": Permission.ADMINISTER_AGENCY,
    "web.place_person": Permission.ADMINISTER_AGENCY,
    "web.networks": Permission.ADMINISTER_AGENCY,
    "web.set_networks": Permission.ADMINISTER_AGENCY,
    "web.joining": Permission.ADMINISTER_AGENCY,
    "web.set_joining": Permission.ADMINISTER_AGENCY,
    "web.labels": Permission.ADMINISTER_AGENCY,
    "web.rename_levels": Permission.ADMINISTER_AGENCY,
    "web.rules": Permission.ADMINISTER_AGENCY,
    "web.new_rule": Permission.ADMINISTER_AGENCY,
    "web.keep_new_rule": Permission.ADMINISTER_AGENCY,
    "web.rule": Permission.ADMINISTER_AGENCY,
    "web.keep_rule": Permission.ADMINISTER_AGENCY,
    "web.drop_rule": Permission.ADMINISTER_AGENCY,
    "web.add_example": Permission.ADMINISTER_AGENCY,
    "web.drop_example": Permission.ADMINISTER_AGENCY,
    "web.preview_rules": Permission.ADMINISTER_AGENCY,
    "web.sign_rules": Permission.ADMINISTER_AGENCY,
    "web.discard_rules": Permission.ADMINISTER_AGENCY,
    "web.renew_rules": Permission.ADMINISTER_AGENCY,
    "web.rules_version": Permission.ADMINISTER_AGENCY,
    "web.take_up_rules": Permission.ADMINISTER_AGENCY,
    "web.rules_file": Permission.ADMINISTER_AGENCY,
    "web.numbers": Permission.READ_NUMBERS,
    "web.approve_number": Permission.APPROVE_NUMBERS,
    "web.withdraw_number": Permission.APPROVE_NUMBERS,
    "web.operation": Permission.OPERATE,
    "web.retry_job": Permission.OPERATE,
    "web.agency_directory": Permission.ADMINISTER_AGENCY,
    "web.make_scim_credential": Permission.ADMINISTER_AGENCY,
    "web.end_scim_credential": Permission.ADMINISTER_AGENCY,
    "web.give_by_group": Permission.ADMINISTER_AGENCY,
    # the API
    "api.description": EVERYBODY,
    "api.me": Permission.SEE_OWN,
    "api.list_agencies": Permission.SEE_OWN,
    "api.get_agency": Permission.ADMINISTER_AGENCY,
    "api.change_agency": Permission.ADMINISTER_AGENCY,
    "api.set_networks": Permission.ADMINISTER_AGENCY,
    "api.rename_levels": Permission.ADMINISTER_AGENCY,
    "api.suspend_provider": Permission.ADMINISTER_AGENCY,
    "api.list_proposals": Permission.ADMINISTER_AGENCY,
    "api.get_proposal": Permission.ADMINISTER_AGENCY,
    "api.propose_enrolment": Permission.ADMINISTER_AGENCY,
    "api.propose_provider": Permission.ADMINISTER_AGENCY,
    "api.propose_terms": Permission.ADMINISTER_AGENCY,
    "api.sign_proposal": Permission.ADMINISTER_AGENCY,
    "api.withdraw_proposal": Permission.ADMINISTER_AGENCY,
    "api.invite_first_administrator": Permission.ADMINISTER_AGENCY,
    "api.list_terms": Permission.READ_AGREEMENTS,
    "api.end_terms": Permission.ADMINISTER_AGENCY,
    "api.list_units": Permission.ADMINISTER_AGENCY,
    "api.make_unit": Permission.ADMINISTER_AGENCY,
    "api.rename_unit": Permission.ADMINISTER_AGENCY,
    "api.move_unit": Permission.ADMINISTER_AGENCY,
    "api.merge_unit": Permission.ADMINISTER_AGENCY,
    "api.end_unit": Permission.ADMINISTER_AGENCY,
    "api.place_in_unit": Permission.ADMINISTER_AGENCY,
    "api.take_out_of_unit": Permission.ADMINISTER_AGENCY,
    "api.list_people": Permission.SEE_PEOPLE,
    "api.get_person": Permission.SEE_PEOPLE,
    "api.list_roles": Permission.SEE_OWN,
    "api.grant_role": Permission.ADMINISTER_AGENCY,
    "api.end_role": Permission.SEE_OWN,
    "api.review_role": Permission.ADMINISTER_AGENCY,
    "api.give_clearance": Permission.GIVE_CLEARANCE,
    "api.end_membership": Permission.ADMINISTER_AGENCY,
    "api.end_sessions_of": Permission.ADMINISTER_AGENCY,
    "api.transfer_person": Permission.ADMINISTER_AGENCY,
    "api.second_person": Permission.ADMINISTER_AGENCY,
    "api.link_person": Permission.ADMINISTER_AGENCY,
    "api.list_invitations": Permission.ADMINISTER_AGENCY,
    "api.invite": Permission.ADMINISTER_AGENCY,
    "api.invite_partner": Permission.ADMINISTER_AGENCY,
    "api.withdraw_invitation": Permission.ADMINISTER_AGENCY,
    "api.list_moves": Permission.ADMINISTER_AGENCY,
    "api.approve_move": Permission.ADMINISTER_AGENCY,
    "api.decline_move": Permission.ADMINISTER_AGENCY,
    "api.list_campaigns": Permission.SEE_BOARD,
    "api.post_campaign": Permission.POST_CAMPAIGN,
    "api.get_campaign": Permission.SEE_CAMPAIGN,
    "api.claim_next": Permission.CLAIM_MICROTASK,
    "api.claim_one": Permission.CLAIM_MICROTASK,
    "api.list_claims": Permission.SEE_OWN,
    "api.get_claim": Permission.CONTRIBUTE,
    "api.open_item": Permission.CONTRIBUTE,
    "api.submit": Permission.CONTRIBUTE,
    "api.release": Permission.CLAIM_MICROTASK,
    "api.extend": Permission.CLAIM_MICROTASK,
    "api.list_let_in": Permission.LET_IN,
    "api.let_in": Permission.LET_IN,
    "api.end_let_in": Permission.LET_IN,
    "api.list_results": Permission.READ_RESULTS,
    "api.get_result": Permission.READ_RESULTS,
    "api.export_results": Permission.EXPORT_RESULTS,
    "api.get_rules": Permission.ADMINISTER_AGENCY,
    "api.get_rules_draft": Permission.ADMINISTER_AGENCY,
    "api.draft_rules": Permission.ADMINISTER_AGENCY,
    "api.sign_rules": Permission.ADMINISTER_AGENCY,
    "api.export_rules": Permission.ADMINISTER_AGENCY,
    "api.list_scim_credentials": Permission.ADMINISTER_AGENCY,
    "api.make_scim_credential": Permission.ADMINISTER_AGENCY,
    "api.end_scim_credential": Permission.ADMINISTER_AGENCY,
    "api.list_directory_groups": Permission.ADMINISTER_AGENCY,
    "api.give_by_group": Permission.ADMINISTER_AGENCY,
    # SCIM, for programs that keep an agency's people
    "scim.config": PROVISIONER,
    "scim.resource_types": PROVISIONER,
    "scim.resource_type": PROVISIONER,
    "scim.schemas": PROVISIONER,
    "scim.schema": PROVISIONER,
    "scim.me": PROVISIONER,
    "scim.bulk": PROVISIONER,
    "scim.users": PROVISIONER,
    "scim.search_users": PROVISIONER,
    "scim.make_user": PROVISIONER,
    "scim.user": PROVISIONER,
    "scim.replace_user": PROVISIONER,
    "scim.patch_user": PROVISIONER,
    "scim.end_user": PROVISIONER,
    "scim.groups": PROVISIONER,
    "scim.search_groups": PROVISIONER,
    "scim.make_group": PROVISIONER,
    "scim.group": PROVISIONER,
    "scim.replace_group": PROVISIONER,
    "scim.patch_group": PROVISIONER,
    "scim.end_group": PROVISIONER,
    "scim.search": PROVISIONER,
    # proofs of the security record: hashes and signatures name nobody, and whoever doubts us must be able to check
    "proofs.key": EVERYBODY,
    "proofs.checkpoint": EVERYBODY,
    "proofs.tile": EVERYBODY,
    "proofs.bundle": Permission.READ_RECORD,
    "proofs.cosign": EVERYBODY,
    "api.prove": Permission.READ_RECORD,
    "api.follow_record": Permission.READ_RECORD,
    "api.list_witnesses": Permission.SEE_OWN,
    "api.register_witness": Permission.READ_RECORD,
    "api.acknowledge_witness": Permission.READ_RECORD,
    # for machines
    "federation.keys": EVERYBODY,
    "federation.back_channel_logout": EVERYBODY,
    "health.process": EVERYBODY,
    "health.ready": EVERYBODY,
}

CONFIRMED: Mapping[str, Factor] = {
    # what binds the agency, or decides who vouches for people
    "web.propose_agency": Factor.MULTI,
    "web.sign_agreement": Factor.MULTI,
    "web.change_provider": Factor.MULTI,
    "web.renew_key": Factor.MULTI,
    "web.suspend_provider": Factor.MULTI,
    "web.propose_terms": Factor.MULTI,
    "web.end_terms": Factor.MULTI,
    # what counts as evidence of a network, and who joins by signing in
    "web.set_networks": Factor.MULTI,
    "web.set_joining": Factor.MULTI,
    # roles and clearances
    "web.grant_role": Factor.MULTI,
    "web.end_role": Factor.MULTI,
    "web.give_by_group": Factor.MULTI,
    "web.give_clearance": Factor.MULTI,
    "web.end_membership": Factor.MULTI,
    "web.renew_partner": Factor.MULTI,
    # ways in that carry roles
    "web.invite": Factor.MULTI,
    "web.invite_partner": Factor.MULTI,
    "web.invite_first": Factor.MULTI,
    "web.link_person": Factor.MULTI,
    "web.make_scim_credential": Factor.MULTI,
    "web.end_scim_credential": Factor.MULTI,
    # people on the way to another agency
    "web.send_person": Factor.MULTI,
    "web.approve_move": Factor.MULTI,
    "web.go_and_move": Factor.SINGLE,
}
"""The acts of pages that take a sign-in at most `agencies.step_up.MINUTES` old, and how strong it must be.

Whoever finds a browser left open, or has a stolen cookie, does none of this. It is about pages only: a program brings a
token that was made for it and says nothing about a sign-in. Its limits are its person's roles and its last day.
"""


def guard() -> None:
    """Run before every request. An unlisted route raises KeyError, a 500.

    Raises NotSignedIn, NotPermitted, and NeedsStepUp where an act takes a more recent or stronger sign-in.
    """
    endpoint = request.endpoint
    if endpoint is None:
        acting()  # no such address: Flask answers 404 or 405, on a page that knows who is reading
        return
    wanted = ROUTES[endpoint]
    if isinstance(wanted, Open):
        return
    principal = current_principal()
    if not may(principal, wanted):
        roles = sorted(role.value for role in roles_with(wanted))
        raise NotPermitted(permission=wanted.value, roles=roles)
    if endpoint in CONFIRMED:
        step_up.require(factor=CONFIRMED[endpoint])
