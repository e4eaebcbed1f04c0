"""The key that signs the fictitious cohort that ships: public on purpose, worth nothing.

Its private half follows from the text below, so anybody can sign as it. It lets demonstrations
and tests run through the same check of a signature as a real cohort; `files` takes nothing but
fictitious cohorts from it.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED = b"port-of-entry-kiosk: the worthless key of fictitious cohorts, 1"

DEMONSTRATION_KEY = bytes.fromhex(
    "840f62066af740f36357f2ed056c543fa7f5146ca7c4fcdf2177ad29383dadbc"
)
"""The public key, 32 bytes (RFC 8032)."""


def worthless_private_key() -> Ed25519PrivateKey:
    """Return the private key, derived from a text that everybody can read."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_SEED).digest())
