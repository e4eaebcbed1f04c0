"""Seals that no State made: a fictitious CSCA, its signers, and what they sign.

Everything is made when it is asked for, from a seed: no key and no certificate lies anywhere.
"""

from simulators.seals.authority import SealAuthority, SealSigner
from simulators.seals.vds import VDSContent, sign_vds
from simulators.seals.vds_nc import person_message, sign_vds_nc

__all__ = [
    "SealAuthority",
    "SealSigner",
    "VDSContent",
    "person_message",
    "sign_vds",
    "sign_vds_nc",
]
