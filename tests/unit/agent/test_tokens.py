"""Signed tokens: what the agent signs is what a library takes, and the other way round."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.agent.keys import jwk_of, new_key
from upgrade_e2e.agent.tokens import (
    BadToken,
    SigningKey,
    UnknownKey,
    VerifyingKey,
    proven_claims,
    signed_token,
)

LIBRARY_KEY, OTHER = new_key(), new_key()
JWK = jwk_of(LIBRARY_KEY, "mine")
KEY = SigningKey.of_jwk(JWK)
KNOWN = {"mine": VerifyingKey.of_jwk(JWK), "other": VerifyingKey.of_jwk(jwk_of(OTHER, "other"))}
NOW_S = 1_000_000.0
CLAIMS: dict[str, Any] = {"aud": ["shop", "bank"], "exp": NOW_S + 60, "sub": "somebody"}
TWICE = settings(max_examples=25, deadline=None)


def token_of(header: object, claims: object, key: SigningKey = KEY) -> str:
    """A token with any header and claims, signed."""
    texts = (json.dumps(one).encode() for one in (header, claims))
    signed = b".".join(base64.urlsafe_b64encode(text).rstrip(b"=") for text in texts)
    signature = base64.urlsafe_b64encode(key.sign(signed)).rstrip(b"=")
    return (signed + b"." + signature).decode()


def proven(token: str, audience: str = "shop") -> dict[str, Any]:
    """What the token says, now."""
    return proven_claims(token, KNOWN, audience, NOW_S)


@given(st.binary(max_size=300))
@TWICE
def test_a_library_takes_our_signatures(data: bytes) -> None:
    LIBRARY_KEY.public_key().verify(KEY.sign(data), data, PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        LIBRARY_KEY.public_key().verify(KEY.sign(data), data + b"x", PKCS1v15(), SHA256())


@given(st.binary(max_size=300))
@TWICE
def test_we_take_the_signatures_of_a_library(data: bytes) -> None:
    signature = LIBRARY_KEY.sign(data, PKCS1v15(), SHA256())
    assert KNOWN["mine"].fits(signature, data)
    assert not KNOWN["mine"].fits(signature, data + b"x")
    assert not KNOWN["other"].fits(signature, data)
    assert not KNOWN["mine"].fits(signature[:-1], data)
    assert not KNOWN["mine"].fits(b"\xff" * len(signature), data)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
@TWICE
def test_a_token_says_what_was_signed(more: dict[str, Any]) -> None:
    claims = {**more, **CLAIMS}
    assert proven(signed_token(claims, KEY)) == claims


def test_an_audience_may_be_one_word_or_a_list() -> None:
    assert proven(signed_token(CLAIMS, KEY), "bank")["sub"] == "somebody"
    assert proven(signed_token({**CLAIMS, "aud": "shop"}, KEY))["sub"] == "somebody"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (signed_token({**CLAIMS, "exp": NOW_S}, KEY), "is over"),
        (signed_token({**CLAIMS, "exp": "never"}, KEY), "has no end"),
        (signed_token({**CLAIMS, "aud": "sho"}, KEY), "meant for 'sho'"),
        (signed_token({"exp": NOW_S + 1}, KEY), "meant for None"),
        (token_of({"alg": "none", "kid": "mine"}, CLAIMS), "only RS256"),
        (token_of({"alg": "HS256", "kid": "mine"}, CLAIMS), "only RS256"),
        (token_of({"alg": "RS256", "kid": "other"}, CLAIMS), "does not fit"),
        (token_of([], CLAIMS), "no JSON objects"),
        (token_of({"alg": "RS256", "kid": "mine"}, "all"), "no JSON objects"),
        ("", "three parts"),
        ("a.b", "three parts"),
        ("a.b.c.d", "three parts"),
        ("é.é.é", "three parts"),
    ],
)
def test_a_token_that_proves_nothing_is_refused(token: str, words: str) -> None:
    with pytest.raises(BadToken, match=words):
        proven(token)


def test_a_key_that_is_not_known_is_an_error_of_its_own() -> None:
    with pytest.raises(UnknownKey, match="'new' is not known"):
        proven(token_of({"alg": "RS256", "kid": "new"}, CLAIMS))


def test_claims_that_were_changed_are_refused() -> None:
    header, _, signature = signed_token(CLAIMS, KEY).split(".")
    more = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "admin"}).encode()).rstrip(b"=")
    with pytest.raises(BadToken, match="does not fit"):
        proven(f"{header}.{more.decode()}.{signature}")
