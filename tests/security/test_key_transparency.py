"""Whose device is it: evidence as the marketplace makes it holds, and every fault in it is found and named."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import Engine, delete, insert, select, update

from agencies import device_keys
from agencies.device_models import DeviceKey
from marketplace.foundation.db import transaction
from security import key_transparency, notes
from security.key_transparency import (
    AudienceWrong,
    CheckpointUnsigned,
    EnrolledAtAnotherTime,
    EntryWrong,
    EvidenceRefused,
    EvidenceUnreadable,
    FromTheFuture,
    IssuerKeyUnknown,
    IssuerWrong,
    NonceWrong,
    NotIncluded,
    ThumbprintWrong,
    TokenSignatureWrong,
    Vouched,
    WitnessMissing,
)
from security.log import audit, checkpoints, sequencer
from security.log.models import AuditEntry, AuditWitness
from security.notes import Note, Signer
from security.principal import Principal
from security.sealing import keys
from tests.builders import AT_WORK, a_person, changed, one
from tests.device_keys import CLIENT, HERE, Device, a_device, a_proof, identity_of, issuer_key, new_device

LOG = notes.signer("market.example/log", notes.LOG, bytes(range(32)))
OTHER_LOG = notes.signer("market.example/log", notes.LOG, bytes(32))
WITNESSES = [notes.signer(f"{name}.example/witness", notes.WITNESS, bytes([number] * 32)) for number, name in
             enumerate(("north", "south", "west"), start=1)]  # fmt: skip
NORTH, SOUTH, WEST = WITNESSES
Change = Callable[[dict[str, Any], "Scene"], None]


@dataclass
class Scene:
    person: Principal
    device: Device
    other: Device
    subject: str
    issuer: str


def numbered(more: int = 0, witnesses: tuple[Signer, ...] = (NORTH, SOUTH)) -> None:
    """Number what is pending and some further entries, sign, and have the witnesses cosign."""
    now = int(datetime.now(UTC).timestamp())
    with transaction() as tx:
        for _ in range(more):
            audit.record(tx, "job.retry", actor=None, context=AT_WORK)
        sequencer.sequence(tx)
    with transaction() as tx:
        size = checkpoints.sign(tx, LOG)
        latest = checkpoints.latest(tx)
        assert size is not None
        assert latest is not None
        text = latest.note.text
        if witnesses:
            checkpoints.cosign(tx, size, "".join(each.sign(text, now).text for each in witnesses))


@pytest.fixture
def scene(database: Engine) -> Scene:
    """A person with two devices; nothing of it is signed yet."""
    person = a_person("north")
    for each in WITNESSES:
        changed(insert(AuditWitness).values(name=each.name, key=str(each.verifier)))
    issuer, subject = identity_of(person)
    return Scene(person, a_device(person), a_device(person), subject, issuer)


@pytest.fixture
def evidence(scene: Scene) -> dict[str, Any]:
    numbered(more=20)
    return of(scene.device)


def of(device: Device) -> dict[str, Any]:
    with transaction() as tx:
        made = device_keys.evidence(tx, device.id or uuid4())
    assert made is not None
    found: dict[str, Any] = json.loads(json.dumps(made))
    return found


def verified(evidence: dict[str, Any], scene: Scene, **given: Any) -> Vouched:
    asked: dict[str, Any] = {
        "trusted_log_key": LOG.verifier,
        "trusted_witnesses": [each.verifier for each in (NORTH, SOUTH)],
        "issuer": scene.issuer,
        "now": datetime.now(UTC),
        "client_id": CLIENT,
        "issuer_keys": [issuer_key().as_dict(private=False)],
        "quorum": 2,
    }
    return key_transparency.verify(evidence, **(asked | given))


def entry_of(evidence: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b64decode(evidence["entry"]["body"]))
    return found


class TestWhatIsTrue:
    def test_holds(self, evidence: dict[str, Any], scene: Scene) -> None:
        vouched = verified(evidence, scene)
        assert (vouched.thumbprint, vouched.subject) == (scene.device.thumbprint, scene.subject)
        assert vouched.encryption_key == scene.device.offered.encryption
        assert vouched.signing_key == scene.device.offered.signing
        assert vouched.witnesses == ("north.example/witness", "south.example/witness")
        assert abs(vouched.enrolled_at - datetime.now(UTC)) < timedelta(minutes=5)

    def test_still_holds_long_after(self, evidence: dict[str, Any], scene: Scene) -> None:
        assert verified(evidence, scene, now=datetime.now(UTC) + timedelta(days=100))

    def test_holds_by_a_later_checkpoint_too(self, evidence: dict[str, Any], scene: Scene) -> None:
        before = verified(evidence, scene)
        numbered(more=300)
        later = verified(of(scene.device), scene)
        assert later.size > before.size
        assert later.entry == before.entry

    def test_tells_the_keys_of_its_lines_and_believes_none_of_them(
        self, evidence: dict[str, Any], scene: Scene
    ) -> None:
        assert evidence["log"] == str(LOG.verifier)
        assert evidence["witnesses"] == [str(each.verifier) for each in (NORTH, SOUTH)]
        evidence["witnesses"] = [str(WEST.verifier)]
        evidence["log"] = str(OTHER_LOG.verifier)
        assert verified(evidence, scene)

    def test_one_witness_is_enough_where_no_more_are_asked_for(self, scene: Scene) -> None:
        numbered(witnesses=(SOUTH,))
        vouched = verified(of(scene.device), scene, quorum=1)
        assert vouched.witnesses == ("south.example/witness",)


class TestNotYet:
    def test_before_the_entry_has_a_number(self, scene: Scene) -> None:
        with transaction() as tx:
            assert device_keys.evidence(tx, scene.device.id or uuid4()) is None

    def test_before_a_witness_has_seen_it(self, scene: Scene) -> None:
        numbered(witnesses=())
        with transaction() as tx:
            assert device_keys.evidence(tx, scene.device.id or uuid4()) is None

    def test_where_witnesses_saw_less(self, scene: Scene) -> None:
        numbered()
        late = a_device(scene.person)
        numbered(witnesses=())
        with transaction() as tx:
            assert device_keys.evidence(tx, late.id or uuid4()) is None
            assert device_keys.evidence(tx, scene.device.id or uuid4()) is not None

    def test_of_an_entry_that_expired_before_anybody_kept_it(
        self, evidence: dict[str, Any], scene: Scene
    ) -> None:
        changed(delete(AuditEntry).where(AuditEntry.number == evidence["entry"]["number"]))
        with transaction() as tx:
            assert device_keys.evidence(tx, scene.device.id or uuid4()) is None
        assert verified(evidence, scene)

    def test_of_no_device(self, scene: Scene) -> None:
        numbered()
        with transaction() as tx:
            assert device_keys.evidence(tx, uuid4()) is None


class TestLastingLongerThanTheRecord:
    def test_what_was_kept_proves_it_by_a_checkpoint_of_today(self, scene: Scene) -> None:
        numbered(more=20)
        kept_entries()
        changed(delete(AuditEntry))
        numbered(more=300)
        evidence = of(scene.device)
        assert verified(evidence, scene).thumbprint == scene.device.thumbprint
        assert verified(evidence, scene).size > 320

    def test_each_is_kept_once_and_only_what_has_a_number(self, scene: Scene) -> None:
        assert kept_entries() == 0
        numbered()
        assert kept_entries() == 2
        assert kept_entries() == 0
        a_device(scene.person)
        assert kept_entries() == 0

    def test_the_newest_come_first_where_there_are_more_than_fit(self, scene: Scene) -> None:
        numbered()
        late = a_device(scene.person)
        numbered()
        with transaction() as tx:
            device_keys.keep_entries(tx, limit=1)
        assert one(select(DeviceKey.thumbprint).where(DeviceKey.entry_number.is_not(None))) == late.thumbprint

    def test_a_device_is_beyond_proof_once_its_entry_is_nowhere(self, scene: Scene) -> None:
        assert not beyond_proof(scene.device), "not numbered yet"
        numbered()
        changed(update(DeviceKey).values(enrolled_at=datetime.now(UTC) - timedelta(days=200)))
        assert not beyond_proof(scene.device), "on the record"
        kept_entries()
        changed(delete(AuditEntry))
        assert not beyond_proof(scene.device), "kept"
        changed(update(DeviceKey).values(entry_number=None, entry_body=None))
        assert beyond_proof(scene.device)
        assert beyond_proof(replace(scene.device, id=uuid4()))


def kept_entries() -> int:
    with transaction() as tx:
        return device_keys.keep_entries(tx)


def beyond_proof(device: Device) -> bool:
    with transaction() as tx:
        return device_keys.is_beyond_proof(tx, device.id or uuid4())


def _another_encryption_key(evidence: dict[str, Any], _: Scene) -> None:
    evidence["encryption_key"] = keys.public_jwk(keys.new_private())


def _another_signing_key(evidence: dict[str, Any], _: Scene) -> None:
    evidence["signing_key"] = keys.public_jwk(keys.new_private())


def _another_device(evidence: dict[str, Any], _: Scene) -> None:
    """Keys and thumbprint exchanged together: the token was given for others."""
    foreign = new_device()
    evidence["encryption_key"], evidence["signing_key"] = (
        dict(foreign.offered.encryption),
        dict(foreign.offered.signing),
    )
    evidence["thumbprint"] = foreign.thumbprint


def _another_salt(evidence: dict[str, Any], _: Scene) -> None:
    evidence["salt"] = new_device().offered.salt


def _own_device_other_entry(evidence: dict[str, Any], scene: Scene) -> None:
    evidence["entry"] = of(scene.other)["entry"]


def _other_token(evidence: dict[str, Any], scene: Scene) -> None:
    evidence["id_token"] = of(scene.other)["id_token"]


def _token(**claims: Any) -> Change:
    """A token that says something else, signed by the provider itself."""

    def change(evidence: dict[str, Any], _: Scene) -> None:
        said = jwt.decode(evidence["id_token"], issuer_key(), algorithms=["ES256"]).claims | claims
        said = {name: value for name, value in said.items() if value is not ...}
        evidence["id_token"] = jwt.encode({"alg": "ES256", "kid": "1"}, said, issuer_key())

    return change


def _signed_by(key: ECKey, presented: bool) -> Change:
    """The same claims under a key that is not the provider's, which the evidence presents or does not."""

    def change(evidence: dict[str, Any], _: Scene) -> None:
        said = jwt.decode(evidence["id_token"], issuer_key(), algorithms=["ES256"]).claims
        evidence["id_token"] = jwt.encode({"alg": "ES256", "kid": "1"}, said, key)
        if presented:
            evidence["issuer_key"] = key.as_dict(private=False)

    return change


def _by_a_shared_secret(evidence: dict[str, Any], _: Scene) -> None:
    said = jwt.decode(evidence["id_token"], issuer_key(), algorithms=["ES256"]).claims
    secret = OctKey.import_key("a-shared-secret-of-32-characters")
    evidence["id_token"] = jwt.encode({"alg": "HS256", "kid": "1"}, said, secret)
    evidence["issuer_key"] = secret.as_dict(private=True)


def _unsigned_token(evidence: dict[str, Any], _: Scene) -> None:
    claims = evidence["id_token"].split(".")[1]
    header = b64encode(b'{"alg":"none"}').decode().rstrip("=")
    evidence["id_token"] = f"{header}.{claims}."


def _other_act(evidence: dict[str, Any], _: Scene) -> None:
    evidence["entry"]["body"] = _body(evidence, activity_name="device_key.rename")


def _refused_act(evidence: dict[str, Any], _: Scene) -> None:
    evidence["entry"]["body"] = _body(evidence, status="refused")


def _changed_entry(evidence: dict[str, Any], _: Scene) -> None:
    evidence["entry"]["body"] = _body(evidence, purpose="oversight")


def _body(evidence: dict[str, Any], **members: Any) -> str:
    return b64encode(json.dumps(entry_of(evidence) | members).encode()).decode()


def _other_number(evidence: dict[str, Any], _: Scene) -> None:
    evidence["entry"]["number"] += 1


def _proof_of_another_size(evidence: dict[str, Any], scene: Scene) -> None:
    numbered(more=40)
    evidence["entry"]["proof"] = of(scene.device)["entry"]["proof"]


def _shorter_proof(evidence: dict[str, Any], _: Scene) -> None:
    evidence["entry"]["proof"].pop()


def _bit_of_proof(evidence: dict[str, Any], _: Scene) -> None:
    first = bytearray.fromhex(evidence["entry"]["proof"][0])
    first[5] ^= 1
    evidence["entry"]["proof"][0] = first.hex()


def _note(*signers: Signer, moment: int | None = None, text: Callable[[str], str] = str) -> Change:
    """The checkpoint, perhaps of another text, with the lines of these signers and no others."""

    def change(evidence: dict[str, Any], _: Scene) -> None:
        said = text(notes.parse(evidence["checkpoint"]).text)
        when = int(datetime.now(UTC).timestamp()) if moment is None else moment
        evidence["checkpoint"] = str(Note(said, tuple(each.sign(said, when) for each in signers)))

    return change


def _forged_line(evidence: dict[str, Any], _: Scene) -> None:
    """A line under the witness's name and key id that it did not make."""
    note = notes.parse(evidence["checkpoint"])
    lines = [
        notes.Line(each.name, each.key_id, each.value[::-1]) if "north" in each.name else each
        for each in note.lines
    ]
    evidence["checkpoint"] = str(Note(note.text, tuple(lines)))


def _another_root(text: str) -> str:
    origin, size, _ = text.splitlines()
    return f"{origin}\n{size}\n{b64encode(bytes(32)).decode()}\n"


def _another_origin(text: str) -> str:
    return text.replace("market.example", "other.example")


ELSEWHERE = ECKey.generate_key("P-256", {"kid": "1", "use": "sig", "alg": "ES256"})
FAULTS: dict[str, tuple[Change, type[EvidenceRefused]]] = {
    "another encryption key": (_another_encryption_key, ThumbprintWrong),
    "another signing key": (_another_signing_key, ThumbprintWrong),
    "another device": (_another_device, NonceWrong),
    "another salt": (_another_salt, NonceWrong),
    "the token of another device": (_other_token, NonceWrong),
    "a token with another nonce": (_token(nonce="of-another-sign-in"), NonceWrong),
    "a token without a nonce": (_token(nonce=...), NonceWrong),
    "a token whose nonce is a list": (_token(nonce=[]), NonceWrong),
    "a token of another issuer": (_token(iss="https://other.example"), IssuerWrong),
    "a token for another client": (_token(aud="another-client"), AudienceWrong),
    "a token for us and another": (_token(aud=[CLIENT, "another-client"]), AudienceWrong),
    "a token of another person": (_token(sub="somebody-else"), EntryWrong),
    "a token about nobody": (_token(sub=...), EvidenceUnreadable),
    "a token given later": (_token(iat=4_000_000_000, exp=4_000_000_300), EntryWrong),
    "a token signed by another key": (_signed_by(ELSEWHERE, False), TokenSignatureWrong),
    "a key that is not the issuer's": (_signed_by(ELSEWHERE, True), IssuerKeyUnknown),
    "a token by a shared secret": (_by_a_shared_secret, IssuerKeyUnknown),
    "a token without a signature": (_unsigned_token, TokenSignatureWrong),
    "the entry of another enrolment": (_own_device_other_entry, EntryWrong),
    "an entry of another act": (_other_act, EntryWrong),
    "an entry that was refused": (_refused_act, EntryWrong),
    "an entry that was changed": (_changed_entry, NotIncluded),
    "another number": (_other_number, NotIncluded),
    "a proof of another size": (_proof_of_another_size, NotIncluded),
    "a proof that is too short": (_shorter_proof, NotIncluded),
    "a bit of the proof": (_bit_of_proof, NotIncluded),
    "another root": (_note(LOG, NORTH, SOUTH, text=_another_root), NotIncluded),
    "a checkpoint by nobody": (_note(NORTH, SOUTH), CheckpointUnsigned),
    "a checkpoint of another key": (_note(OTHER_LOG, NORTH, SOUTH), CheckpointUnsigned),
    "a checkpoint of another log": (_note(LOG, NORTH, SOUTH, text=_another_origin), CheckpointUnsigned),
    "no witness": (_note(LOG), WitnessMissing),
    "too few witnesses": (_note(LOG, NORTH), WitnessMissing),
    "an unknown witness": (_note(LOG, NORTH, WEST), WitnessMissing),
    "one witness twice": (_note(LOG, NORTH, NORTH), WitnessMissing),
    "a forged cosignature": (_forged_line, WitnessMissing),
    "a cosignature of tomorrow": (_note(LOG, NORTH, SOUTH, moment=4_000_000_000), FromTheFuture),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(evidence: dict[str, Any], scene: Scene, fault: str) -> None:
    change, error = FAULTS[fault]
    changed_evidence = deepcopy(evidence)
    change(changed_evidence, scene)
    assert changed_evidence != evidence
    with pytest.raises(EvidenceRefused) as refusal:
        verified(changed_evidence, scene)
    assert type(refusal.value) is error


def test_what_was_not_valid_when_it_was_recorded_vouches_for_nothing(scene: Scene) -> None:
    numbered()
    evidence = of(scene.device)
    moment = datetime.fromtimestamp(entry_of(evidence)["time"] / 1000, UTC)
    with pytest.raises(FromTheFuture):
        verified(evidence, scene, now=moment - timedelta(minutes=5))


def test_a_token_that_was_found_later_is_refused(scene: Scene) -> None:
    """A provider's old token, put on the record long after it was given."""
    device = new_device()
    old = {"iat": 1_700_000_000, "exp": 1_700_000_300}
    with transaction() as tx:
        began = device_keys.begin(tx, device.offered, actor=scene.person, session="session-1")
    with transaction() as tx:
        proof = a_proof(scene.person, device, **old)
        made = device_keys.complete(tx, began, proof, actor=scene.person, context=HERE)
    numbered()
    with transaction() as tx:
        evidence = device_keys.evidence(tx, made)
    assert evidence is not None
    with pytest.raises(EnrolledAtAnotherTime):
        verified(evidence, scene)


@pytest.mark.parametrize("asked", [{"issuer": "https://other.example"}, {"client_id": "another"}])
def test_the_reader_says_whom_it_trusts(
    evidence: dict[str, Any], scene: Scene, asked: dict[str, Any]
) -> None:
    with pytest.raises((IssuerWrong, AudienceWrong)):
        verified(evidence, scene, **asked)


def test_without_a_witness_nothing_is_verified(evidence: dict[str, Any], scene: Scene) -> None:
    with pytest.raises(ValueError, match="witness"):
        verified(evidence, scene, quorum=0)
    with pytest.raises(WitnessMissing):
        verified(evidence, scene, trusted_witnesses=[], quorum=1)


@pytest.mark.parametrize("name", sorted(key_transparency._MEMBERS))
@pytest.mark.parametrize("value", [..., None, 7, "", [], {}, "\ud800"])
def test_what_is_no_evidence_is_refused_and_breaks_nothing(
    evidence: dict[str, Any], scene: Scene, name: str, value: Any
) -> None:
    broken = {key: each for key, each in (evidence | {name: value}).items() if each is not ...}
    if name in ("log", "witnesses") and value is not ...:
        assert verified(broken, scene)  # the reader has these from elsewhere
        return
    with pytest.raises(EvidenceRefused):
        verified(broken, scene)
