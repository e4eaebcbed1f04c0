"""What the traveler's screen says at each step, in every language of the one list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from biometrics.guidance import Guidance
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

GUIDANCE: Mapping[Guidance, Mapping[Language, str]] = MappingProxyType(
    {
        code: dict(zip((Language.ENGLISH, Language.SPANISH, Language.FRENCH), words, strict=True))
        for code, words in {
            Guidance.NOBODY_SEEN: (
                "Stand in front of the camera",
                "Póngase delante de la cámara",
                "Placez-vous devant la caméra",
            ),
            Guidance.ONE_PERSON_ONLY: (
                "One person at a time, please",
                "Una sola persona, por favor",
                "Une seule personne, s’il vous plaît",
            ),
            Guidance.TAKE_OFF_DARK_GLASSES: (
                "Take off dark glasses",
                "Quítese las gafas oscuras",
                "Retirez vos lunettes sombres",
            ),
            Guidance.UNCOVER_FACE: (
                "Show your whole face",
                "Muestre toda la cara",
                "Montrez tout votre visage",
            ),
            Guidance.STEP_BACK: ("Step back a little", "Aléjese un poco", "Reculez un peu"),
            Guidance.COME_CLOSER: ("Come closer", "Acérquese", "Approchez-vous"),
            Guidance.MOVE_LEFT: (
                "Move to your left",
                "Muévase a su izquierda",
                "Déplacez-vous vers votre gauche",
            ),
            Guidance.MOVE_RIGHT: (
                "Move to your right",
                "Muévase a su derecha",
                "Déplacez-vous vers votre droite",
            ),
            Guidance.MOVE_UP: (
                "Your face is too low: move up",
                "Su cara está muy abajo: súbala",
                "Votre visage est trop bas : remontez",
            ),
            Guidance.MOVE_DOWN: (
                "Your face is too high: move down",
                "Su cara está muy arriba: bájela",
                "Votre visage est trop haut : baissez-vous",
            ),
            Guidance.LOOK_STRAIGHT: (
                "Look straight at the camera",
                "Mire de frente a la cámara",
                "Regardez la caméra bien en face",
            ),
            Guidance.TURN_LEFT: (
                "Turn your face to your left",
                "Gire la cara a su izquierda",
                "Tournez le visage vers votre gauche",
            ),
            Guidance.TURN_RIGHT: (
                "Turn your face to your right",
                "Gire la cara a su derecha",
                "Tournez le visage vers votre droite",
            ),
            Guidance.LEVEL_HEAD: (
                "Hold your head upright",
                "Ponga la cabeza recta",
                "Tenez la tête bien droite",
            ),
            Guidance.RAISE_CHIN: ("Raise your chin", "Suba la barbilla", "Levez le menton"),
            Guidance.LOWER_CHIN: ("Lower your chin", "Baje la barbilla", "Baissez le menton"),
            Guidance.TOO_BRIGHT: (
                "Too bright here: move out of the glare",
                "Hay demasiada luz: apártese de ella",
                "Trop de lumière : écartez-vous un peu",
            ),
            Guidance.MORE_LIGHT: (
                "Too dark here: move into the light",
                "Hay poca luz: acérquese a la luz",
                "Trop sombre : venez à la lumière",
            ),
            Guidance.TURN_TO_THE_LIGHT: (
                "Turn towards the light",
                "Gírese hacia la luz",
                "Tournez-vous vers la lumière",
            ),
            Guidance.HOLD_STILL: ("Hold still", "No se mueva", "Ne bougez pas"),
            Guidance.OPEN_EYES: ("Open your eyes", "Abra los ojos", "Ouvrez les yeux"),
            Guidance.CLOSE_MOUTH: ("Close your mouth", "Cierre la boca", "Fermez la bouche"),
        }.items()
    }
)
"""What a preview asks of the traveler; left and right are the traveler's own."""

STAY: Mapping[Language, str] = MappingProxyType(
    {
        Language.ENGLISH: "Good. Stay like this",
        Language.SPANISH: "Muy bien. Quédese así",
        Language.FRENCH: "Très bien. Restez ainsi",
    }
)
"""When a preview has nothing to ask."""

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
