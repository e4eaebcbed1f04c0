"""What the traveler's screen says at each step, in every language of the one list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from devices.commands import Signal
from kiosk_api.core.reasons import Language


class Step(StrEnum):
    """What the screen shows."""

    DOCUMENT = "document"
    CAMERA = "camera"
    WAIT = "wait"
    AGAIN = "again"
    PROCEED = "proceed"
    OFFICER = "officer"
    CLOSED = "closed"
    LOST = "lost"  # the page does not hear from the kiosk; shown by the page itself


STEPS: Mapping[Signal, Step] = MappingProxyType(
    {
        Signal.READY: Step.DOCUMENT,
        Signal.LOOK_AT_CAMERA: Step.CAMERA,
        Signal.PROCESSING: Step.WAIT,
        Signal.PRESENT_AGAIN: Step.AGAIN,
        Signal.PROCEED: Step.PROCEED,
        Signal.SEE_OFFICER: Step.OFFICER,
        Signal.OUT_OF_SERVICE: Step.CLOSED,
    }
)


@dataclass(frozen=True, slots=True)
class Words:
    """A step in one language."""

    heading: str
    hint: str


LANGUAGE_NAMES: Mapping[Language, str] = MappingProxyType(
    {Language.ENGLISH: "English", Language.SPANISH: "Español", Language.FRENCH: "Français"}
)

CHOOSE: Mapping[Language, str] = MappingProxyType(
    {
        Language.ENGLISH: "Choose your language",
        Language.SPANISH: "Elija su idioma",
        Language.FRENCH: "Choisissez votre langue",
    }
)

PROGRESS: Mapping[Language, tuple[str, str, str]] = MappingProxyType(
    {
        Language.ENGLISH: ("Document", "Photo", "Answer"),
        Language.SPANISH: ("Documento", "Foto", "Respuesta"),
        Language.FRENCH: ("Document", "Photo", "Réponse"),
    }
)

NOTICE: Mapping[Language, str] = MappingProxyType(
    {
        Language.ENGLISH: (
            "A photo of your face is compared with the one on record. "
            "If you prefer not to, an officer at the desk will help you."
        ),
        Language.SPANISH: (
            "Se compara una foto de su cara con la que consta en el registro. "
            "Si no lo desea, un oficial le atenderá en el mostrador."
        ),
        Language.FRENCH: (
            "Une photo de votre visage est comparée à celle du dossier. "
            "Si vous ne le souhaitez pas, un agent vous aidera au comptoir."
        ),
    }
)

OPT_OUT: Mapping[Language, str] = MappingProxyType(
    {
        Language.ENGLISH: "No photo: I prefer an officer",
        Language.SPANISH: "Sin foto: prefiero un oficial",
        Language.FRENCH: "Sans photo : je préfère un agent",
    }
)

TEXTS: Mapping[Step, Mapping[Language, Words]] = MappingProxyType(
    {
        Step.DOCUMENT: {
            Language.ENGLISH: Words(
                "Place your document on the reader", "Passport or card, open at the photo page"
            ),
            Language.SPANISH: Words(
                "Ponga su documento en el lector", "Pasaporte o tarjeta, por la página de la foto"
            ),
            Language.FRENCH: Words(
                "Posez votre document sur le lecteur", "Passeport ou carte, côté photo"
            ),
        },
        Step.CAMERA: {
            Language.ENGLISH: Words(
                "Look at the camera", "Stand still, take off hat and dark glasses"
            ),
            Language.SPANISH: Words(
                "Mire a la cámara", "No se mueva, quítese gorra y gafas oscuras"
            ),
            Language.FRENCH: Words(
                "Regardez la caméra", "Ne bougez pas, sans chapeau ni lunettes sombres"
            ),
        },
        Step.WAIT: {
            Language.ENGLISH: Words("Please wait", "This takes a second or two"),
            Language.SPANISH: Words("Espere, por favor", "Solo tarda un momento"),
            Language.FRENCH: Words("Veuillez patienter", "Cela prend une seconde ou deux"),
        },
        Step.AGAIN: {
            Language.ENGLISH: Words(
                "Place your document once more", "Lay it flat and leave it until you are told"
            ),
            Language.SPANISH: Words(
                "Ponga su documento otra vez", "Bien plano, y no lo retire todavía"
            ),
            Language.FRENCH: Words(
                "Posez encore une fois votre document", "Bien à plat, sans le retirer"
            ),
        },
        Step.PROCEED: {
            Language.ENGLISH: Words("Please proceed", "Thank you. Take your document with you"),
            Language.SPANISH: Words("Puede continuar", "Gracias. No olvide su documento"),
            Language.FRENCH: Words("Vous pouvez passer", "Merci. N’oubliez pas votre document"),
        },
        Step.OFFICER: {
            Language.ENGLISH: Words(
                "Please go to the desk", "An officer will help you. Take your document with you"
            ),
            Language.SPANISH: Words(
                "Diríjase al mostrador", "Un oficial le atenderá. No olvide su documento"
            ),
            Language.FRENCH: Words(
                "Adressez-vous au comptoir", "Un agent vous aidera. N’oubliez pas votre document"
            ),
        },
        Step.CLOSED: {
            Language.ENGLISH: Words("This kiosk is closed", "Please go to the desk"),
            Language.SPANISH: Words("Quiosco fuera de servicio", "Diríjase al mostrador"),
            Language.FRENCH: Words("Borne hors service", "Adressez-vous au comptoir"),
        },
        Step.LOST: {
            Language.ENGLISH: Words("One moment please", "The kiosk will be right back"),
            Language.SPANISH: Words("Un momento, por favor", "El quiosco vuelve enseguida"),
            Language.FRENCH: Words("Un instant, s’il vous plaît", "La borne revient tout de suite"),
        },
    }
)
