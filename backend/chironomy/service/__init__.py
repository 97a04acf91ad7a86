# SPDX-License-Identifier: GPL-3.0-or-later
"""The local backend: blobs by hash, jobs with progress and cancel, over HTTP on 127.0.0.1 behind a token."""
