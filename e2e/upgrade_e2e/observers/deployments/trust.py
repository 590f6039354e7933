"""The keys and certificates of the webhook and the credential provider, made for each pass."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import trustme
from cryptography.hazmat.primitives.asymmetric import rsa

from upgrade_e2e.agent.tokens import VerifyingKey

__all__ = ["Trust"]

_KEY_BITS = 3072
"""NIST SP 800-57, part 1: 128 bits of security, for keys that are used beyond 2030."""
_EXPONENT = 65537


@dataclass(frozen=True)
class Trust:
    """What one pass trusts; texts in PEM, and the provider's private key as a JSON web key.

    `authority` signed the `certificate` of the webhook. `credentials` has, by key id, what proves
    that the provider signed something.
    """

    authority: str
    certificate: str
    private_key: str
    signing_key: str
    credentials: Mapping[str, VerifyingKey]

    @classmethod
    def made_for(cls, server: str) -> Trust:
        """New keys, with a certificate for the server of that DNS name."""
        authority = trustme.CA()
        issued = authority.issue_cert(server)
        signing = rsa.generate_private_key(_EXPONENT, _KEY_BITS).private_numbers()
        public = signing.public_numbers
        name = secrets.token_hex(8)
        jwk = {
            "kty": "RSA",
            "alg": "RS256",
            "kid": name,
            "n": _number(public.n),
            "e": _number(public.e),
            "d": _number(signing.d),
        }
        return cls(
            authority=authority.cert_pem.bytes().decode(),
            certificate="".join(pem.bytes().decode() for pem in issued.cert_chain_pems),
            private_key=issued.private_key_pem.bytes().decode(),
            signing_key=json.dumps(jwk),
            credentials={name: VerifyingKey(public.n, public.e)},
        )


def _number(value: int) -> str:
    """A number as a JSON web key has it."""
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
