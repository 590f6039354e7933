"""RSA keys for tests of tokens, made by a library that knows how."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa


def new_key() -> rsa.RSAPrivateKey:
    """A key of the size that the cluster's have."""
    return rsa.generate_private_key(65537, 2048)


def jwk_of(key: rsa.RSAPrivateKey, name: str) -> dict[str, Any]:
    """The key as a JSON web key, with its private part."""
    private = key.private_numbers()
    public = private.public_numbers
    numbers = {"n": public.n, "e": public.e, "d": private.d}
    return {"kty": "RSA", "kid": name, **{part: _text(value) for part, value in numbers.items()}}


def public_jwk_of(key: rsa.RSAPrivateKey, name: str) -> dict[str, Any]:
    """The same without its private part."""
    return {part: value for part, value in jwk_of(key, name).items() if part != "d"}


def _text(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
