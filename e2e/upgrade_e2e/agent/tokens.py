"""Tokens that are signed with RSA (JSON web tokens, RS256), with nothing but Python's integers.

RFC 7519 has the tokens, 7515 their form, 8017 the signature (RSASSA-PKCS1-v1_5, section 8.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALGORITHM = "RS256"
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""What comes before a SHA-256 digest that is signed (RFC 8017, section 9.2, note 1)."""


class BadToken(Exception):
    """A token that proves nothing; the message says why."""


class UnknownKey(BadToken):
    """A token signed with a key that is not among the known ones, which may be out of date."""


@dataclass(frozen=True)
class VerifyingKey:
    """What signatures are checked with."""

    modulus: int
    exponent: int

    @classmethod
    def of_jwk(cls, jwk: Mapping[str, Any]) -> VerifyingKey:
        """From a JSON web key (RFC 7517) of RSA. Raises KeyError and ValueError for another."""
        return cls(_number(jwk["n"]), _number(jwk["e"]))

    def fits(self, signature: bytes, signed: bytes) -> bool:
        """Whether this is the signature of these bytes."""
        length, number = _length(self.modulus), int.from_bytes(signature)
        if len(signature) != length or number >= self.modulus:
            return False
        found = pow(number, self.exponent, self.modulus).to_bytes(length)
        return hmac.compare_digest(found, _padded(signed, length))


@dataclass(frozen=True)
class SigningKey:
    """What tokens are signed with; `name` is its key id."""

    name: str
    modulus: int
    private_exponent: int

    @classmethod
    def of_jwk(cls, jwk: Mapping[str, Any]) -> SigningKey:
        """From a JSON web key with its private part; raises as VerifyingKey.of_jwk."""
        return cls(jwk["kid"], _number(jwk["n"]), _number(jwk["d"]))

    def sign(self, signed: bytes) -> bytes:
        """The signature of these bytes. It costs CPU as every RSA signature does, and then some."""
        length = _length(self.modulus)
        number = int.from_bytes(_padded(signed, length))
        return pow(number, self.private_exponent, self.modulus).to_bytes(length)


def signed_token(claims: Mapping[str, Any], key: SigningKey) -> str:
    """A token that says `claims`."""
    header = {"alg": ALGORITHM, "typ": "JWT", "kid": key.name}
    text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{_encoded(key.sign(text.encode()))}"


def proven_claims(
    token: str, keys: Mapping[str, VerifyingKey], audience: str, now_s: float
) -> dict[str, Any]:
    """What a token says, once it is signed with one of `keys`, meant for `audience` and not over.

    `keys` are by key id; `now_s` is Unix time. Raises BadToken, and UnknownKey of its
    kind.
    """
    header, claims, signed, signature = _parts(token)
    if header.get("alg") != ALGORITHM:
        raise BadToken(f"it is signed with {header.get('alg')!r}; only {ALGORITHM} is known")
    key = keys.get(str(header.get("kid")))
    if key is None:
        raise UnknownKey(f"its key {header.get('kid')!r} is not known")
    if not key.fits(signature, signed):
        raise BadToken("its signature does not fit")
    meant_for = claims.get("aud")
    if audience not in (meant_for if isinstance(meant_for, list) else [meant_for]):
        raise BadToken(f"it is meant for {meant_for!r}, not for {audience!r}")
    ends_s = claims.get("exp")
    if not isinstance(ends_s, int | float) or ends_s <= now_s:
        raise BadToken(f"it is over, or has no end (exp {ends_s!r})")
    return claims


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    signed, _, signature = token.rpartition(".")
    try:
        first, second = signed.split(".")
        header, claims = json.loads(_decoded(first)), json.loads(_decoded(second))
        found = _decoded(signature)
    except ValueError as error:
        raise BadToken(f"it is no token of three parts ({error})") from error
    if not (isinstance(header, dict) and isinstance(claims, dict)):
        raise BadToken("its header and claims are no JSON objects")
    return header, claims, signed.encode(), found


def _padded(signed: bytes, length: int) -> bytes:
    """The digest in the form that is signed (EMSA-PKCS1-v1_5)."""
    digest = _SHA256 + hashlib.sha256(signed).digest()
    return b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest


def _length(modulus: int) -> int:
    return (modulus.bit_length() + 7) // 8


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
