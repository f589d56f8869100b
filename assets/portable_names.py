"""File names that every system accepts: what Linux allows and Windows or macOS refuses is found or replaced here."""

from __future__ import annotations

import re
import unicodedata

WINDOWS_DEVICES = (
    "con", "prn", "aux", "nul", "conin$", "conout$", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
)  # fmt: skip
"""Names that Windows keeps for devices, in any case and with any extension: `con.txt` cannot be created there."""
_REFUSED_CHARACTERS = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]')
"""What Windows refuses, and what nobody sees: `report\u202elmth.exe` is shown as report.exe.html."""


def explain_unportable_name(name: str) -> str:
    """Why Windows refuses this file name, as the end of a sentence about it; empty where it does not."""
    if is_device_name(name):
        return "is a device name on Windows"
    if name.endswith((".", " ")):
        return "ends with a dot or a space, which Windows drops"
    if refused := _REFUSED_CHARACTERS.search(name):
        shown = refused[0] if refused[0].isprintable() else f"the character U+{ord(refused[0]):04X}"
        return f"contains {shown}, which Windows refuses"
    return ""


def is_device_name(name: str) -> bool:
    """Whether Windows takes the file name for a device."""
    return name.partition(".")[0].rstrip(" ").casefold() in WINDOWS_DEVICES


def make_portable_name(name: str) -> str:
    """The file name itself where every system accepts it, else the nearest that they accept, with _ for what is refused."""
    safe = _REFUSED_CHARACTERS.sub("_", name)
    kept = safe.rstrip(". ")
    safe = kept + "_" * (len(safe) - len(kept))
    stem, dot, rest = safe.partition(".")
    return f"{stem}_{dot}{rest}" if is_device_name(safe) else safe


def get_collision_key(name: str) -> str:
    """Equal for file names that are one name to Windows or macOS, which ignore case and the Unicode form."""
    return unicodedata.normalize("NFC", make_portable_name(name)).casefold()
