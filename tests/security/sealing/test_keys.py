"""Keys and their names: read strictly, written in one way, and nothing of the private half by accident."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from security.sealing import keys, thumbprints
from security.sealing.errors import AlgorithmRefused, KeyRefused

PRIVATE = keys.new_private()
PUBLIC = keys.public_jwk(PRIVATE)
OTHER = keys.public_jwk(keys.new_private())
SALT = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")


def test_round_trip() -> None:
    assert keys.private_jwk(keys.read_private(keys.private_jwk(PRIVATE))) == keys.private_jwk(PRIVATE)
    assert keys.public_jwk(keys.read_public(PUBLIC)) == PUBLIC
    assert keys.private_jwk(keys.parse_private(keys.private_bytes(PRIVATE))) == keys.private_jwk(PRIVATE)
    assert keys.parse_public(json.dumps(PUBLIC).encode()) == PUBLIC


def test_joserfc_reads_ours_and_ours_reads_joserfcs() -> None:
    assert ECKey.import_key(keys.private_jwk(PRIVATE)).as_dict(private=False)["x"] == PUBLIC["x"]
    made = ECKey.generate_key("P-256", auto_kid=False)
    public = {name: made.as_dict(private=False)[name] for name in ("crv", "kty", "x", "y")}
    assert keys.public_jwk(keys.read_public(public)) == public


def test_names_come_in_order() -> None:
    assert list(PUBLIC) == ["crv", "kty", "x", "y"]
    assert list(keys.private_jwk(PRIVATE)) == ["crv", "d", "kty", "x", "y"]


def test_small_coordinates_keep_their_zeros() -> None:
    """About one key in 256 has a coordinate that begins with a zero byte."""
    for scalar in range(1, 600):
        public = keys.public_jwk(ec.derive_private_key(scalar, keys.CURVE))
        assert len(public["x"]) == len(public["y"]) == 43
        keys.read_public(public)


@pytest.mark.parametrize("changed", [
    {"d": None}, {"d": "AQ"}, {"d": "A" * 43}, {"d": "_" * 42 + "8"}, {"d": 7}, {"x": OTHER["x"], "y": OTHER["y"]},
    {"kid": "one"}, {"key_ops": ["sign"]},
])  # fmt: skip
def test_private_keys_that_are_none(changed: dict[str, object]) -> None:
    jwk = {name: value for name, value in (keys.private_jwk(PRIVATE) | changed).items() if value is not None}
    with pytest.raises(KeyRefused):
        keys.read_private(jwk)


@pytest.mark.parametrize("changed", [{"crv": "P-384"}, {"crv": "P-521"}, {"kty": "RSA"}, {"kty": ["EC"]}])
def test_other_curves_and_kinds_have_their_own_error(changed: dict[str, object]) -> None:
    for jwk, read in ((PUBLIC, keys.read_public), (keys.private_jwk(PRIVATE), keys.read_private)):
        with pytest.raises(AlgorithmRefused):
            read(jwk | changed)


@pytest.mark.parametrize("point", [
    b"", b"\x00", b"\x04" + bytes(64), b"\x02" + bytes(32), b"\x05" + bytes(64), b"\x04" + b"\xff" * 64,
    keys.point_bytes(PRIVATE.public_key()) + b"\x00", b"\x06" + keys.point_bytes(PRIVATE.public_key())[1:],
], ids=["nothing", "zero", "origin", "compressed", "tag-5", "too-large", "a-byte-more", "tag-6"])  # fmt: skip
def test_points_that_are_none(point: bytes) -> None:
    with pytest.raises(KeyRefused):
        keys.read_point(point)


class TestThumbprints:
    def test_name_of_a_key_is_that_of_rfc_7638(self) -> None:
        assert thumbprints.of(PUBLIC) == ECKey.import_key(PUBLIC).thumbprint()

    def test_name_of_a_device_changes_with_either_key_and_with_their_places(self) -> None:
        names = {
            thumbprints.device(PUBLIC, OTHER), thumbprints.device(OTHER, PUBLIC),
            thumbprints.device(PUBLIC, keys.public_jwk(keys.new_private())),
        }  # fmt: skip
        assert len(names) == 3
        assert all(thumbprints.is_thumbprint(name) for name in names)

    def test_one_key_for_both_is_refused(self) -> None:
        with pytest.raises(KeyRefused):
            thumbprints.device(PUBLIC, PUBLIC)

    def test_what_is_no_public_key_has_no_name(self) -> None:
        with pytest.raises(KeyRefused):
            thumbprints.of(keys.private_jwk(PRIVATE))
        with pytest.raises(KeyRefused):
            thumbprints.device(PUBLIC, OTHER | {"y": OTHER["x"]})

    def test_every_spelling_of_32_bytes_is_a_thumbprint_and_nothing_else(self) -> None:
        for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
            text = "A" * 42 + last
            spelled = base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "=")).decode().rstrip("=")
            assert thumbprints.is_thumbprint(text) == (spelled == text)
        assert not thumbprints.is_thumbprint("A" * 43 + "\n")

    def test_nonce_changes_with_device_and_salt(self) -> None:
        device, other = thumbprints.device(PUBLIC, OTHER), thumbprints.device(OTHER, PUBLIC)
        assert thumbprints.enrolment_nonce(device, SALT) != thumbprints.enrolment_nonce(other, SALT)
        assert thumbprints.enrolment_nonce(device, SALT) != thumbprints.enrolment_nonce(device, device)

    @pytest.mark.parametrize("text", ["", "A" * 42, "A" * 44, "A" * 42 + "B", "é" * 43])
    def test_nonce_wants_a_thumbprint_and_a_salt(self, text: str) -> None:
        """Of fixed lengths both, so that nothing can be moved from one to the other."""
        with pytest.raises(KeyRefused):
            thumbprints.enrolment_nonce(text, SALT)
        with pytest.raises(KeyRefused):
            thumbprints.enrolment_nonce(thumbprints.of(PUBLIC), text)
