"""Any of Pillow's modes to 8-bit RGB: one answer to what each kind of picture looks like."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHITE = (255, 255, 255)
_BITS_PER_SAMPLE = 258


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert a loaded picture of any mode to RGB.

    Transparency goes on white. CMYK is converted through its ICC profile where it has one, else
    by the plain formula. Grey of more than 8 bits is scaled, never clipped. Other ICC profiles
    are not applied: encoders are trained on pictures whose profiles nobody looked at.
    """
    if image.mode == "CMYK":
        return _cmyk_to_rgb(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_grey_to_8_bits(image).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = rgba.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return rgba.convert("RGB")
    white = Image.new("RGB", rgba.size, WHITE)
    white.paste(rgba, mask=alpha)
    return white


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile:
        from PIL import ImageCms

        try:
            return _through_profile(image, profile)
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass  # a broken profile, or one of another colour space: as if there were none
    return image.convert("RGB")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    if converted is None:
        raise ValueError("no picture came back")
    return converted


def _deep_grey_to_8_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if values.dtype.kind == "u":
        # The range is declared: 16 bits, or the 12 that a TIFF may say.
        bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))[0]
        low, high = 0.0, float(2 ** min(bits, 16) - 1)
    else:
        low, high = _range(values)
    scaled = np.clip((values.astype(np.float32) - low) * (255.0 / (high - low)), 0.0, 255.0)
    return Image.fromarray(np.rint(np.nan_to_num(scaled)).astype(np.uint8))


def _range(values: NDArray[np.generic]) -> tuple[float, float]:
    """Which value is black and which white, for 32-bit pixels, whose range no file declares.

    Values from 0 to 1 (real numbers only), 255 or 65535 are taken as parts of those; anything
    else is stretched from its smallest to its largest finite value.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low >= 0:
        for top in (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (255.0, 65535.0):
            if high <= top:
                return 0.0, top
    return low, max(high, low + 1e-6 * max(1.0, abs(low)))
