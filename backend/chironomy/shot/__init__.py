# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of stage 2: what is rendered, through which camera, into which format. Needs numpy alone.

The add-on, the engines and the service agree on a `Shot`; nothing here knows how pictures are made.
"""
