"""Softphones for trials and tests.

They register, ring, answer or refuse as told, talk, and keep what they hear and who rang. Not a
telephone for people: one codec (A-law), UDP only, incoming calls only.
"""

from asterisk.phones.audio import load_speech, write_heard
from asterisk.phones.behaviours import (
    Announce,
    Answer,
    Behaviour,
    Ignore,
    Refuse,
    RingForever,
)
from asterisk.phones.call import Ending, PhoneCall
from asterisk.phones.phone import CustomerTrunk, RegistrationError, Softphone

__all__ = [
    "Announce",
    "Answer",
    "Behaviour",
    "CustomerTrunk",
    "Ending",
    "Ignore",
    "PhoneCall",
    "Refuse",
    "RegistrationError",
    "RingForever",
    "Softphone",
    "load_speech",
    "write_heard",
]
