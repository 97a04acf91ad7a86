# SPDX-License-Identifier: GPL-3.0-or-later
"""Other computers are spoken to only where Blender's *Allow Online Access* is on."""

import ipaddress

import bpy


def is_here(host: str) -> bool:
    """Whether a name or an address is this computer's own; nothing is looked up for it."""
    name = host.strip().strip("[]").partition("%")[0].rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def is_barred(host: str) -> bool:
    """Whether a computer must not be spoken to, nor its name be looked up."""
    return not is_here(host) and not bpy.app.online_access
