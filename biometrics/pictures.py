"""Pictures of faces: `imaging` decodes, and what it refuses becomes an outcome of measuring."""

from biometrics.results import UnreadablePicture
from imaging.pictures import MAX_BYTES, decode_rgb
from imaging.results import PictureFault, RGBPicture

__all__ = ["MAX_BYTES", "decode_picture"]


def decode_picture(data: bytes) -> RGBPicture | UnreadablePicture:
    """Decode JPEG or PNG bytes to shape (height, width, 3), uint8, RGB, upright.

    See `imaging.pictures.decode_rgb`. Never raises for what the bytes are.
    """
    picture = decode_rgb(data)
    return UnreadablePicture(picture) if isinstance(picture, PictureFault) else picture
