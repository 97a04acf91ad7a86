#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bpy 5.0.1: an extension that brings a wheel is installed again from another zip, once of the same version and once of a
# newer one; the wheel in it has another content, but the file name that it had. Blender replaces the add-on's own code
# each time and goes on with the wheel that it unpacked first, without a word. So the code and the library that it was
# built with are of two builds. Seen, each in a process of its own:
#     1.0.0 with the first wheel: add-on first, wheel first
#     1.0.0 with the second wheel: add-on second, wheel first
#     1.0.1 with the third wheel: add-on third, wheel first
#     1.0.2 with the fourth wheel, renamed: add-on fourth, wheel fourth
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check bpy==5.0.1 "numpy==1.26.4"
export BLENDER_USER_RESOURCES="$folder/user"
cat > "$folder/build.py" <<'PY'
import sys
import zipfile

target, word, version, wheel_version = sys.argv[1:]
wheel = f"spoken_word-{wheel_version}-py3-none-any.whl"
about = f"spoken_word-{wheel_version}.dist-info"
with zipfile.ZipFile(target + ".whl", "w") as archive:
    archive.writestr("spoken_word.py", f'WORD = "{word}"\n')
    archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: spoken-word\nVersion: {wheel_version}\n")
    archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    files = ("spoken_word.py", f"{about}/METADATA", f"{about}/WHEEL", f"{about}/RECORD")
    archive.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in files))
with zipfile.ZipFile(target, "w") as archive:
    archive.writestr(
        "blender_manifest.toml",
        f'schema_version = "1.0.0"\nid = "word_teller"\nversion = "{version}"\nname = "Word Teller"\n'
        'tagline = "Tells a word"\nmaintainer = "Nobody"\ntype = "add-on"\nblender_version_min = "4.2.0"\n'
        f'license = ["SPDX:GPL-3.0-or-later"]\nwheels = ["./wheels/{wheel}"]\n',
    )
    archive.writestr("__init__.py", f'WORD = "{word}"\n\n\ndef register():\n    pass\n\n\ndef unregister():\n    pass\n')
    archive.write(target + ".whl", f"wheels/{wheel}")
PY
cat > "$folder/install.py" <<'PY'
import sys

import bpy

bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
PY
cat > "$folder/tell.py" <<'PY'
import importlib

import bpy  # first: it brings addon_utils

import addon_utils

addon_utils.enable("bl_ext.user_default.word_teller", default_set=True)
import spoken_word

print(f"add-on {importlib.import_module('bl_ext.user_default.word_teller').WORD}, wheel {spoken_word.WORD}")
PY
python="$folder/venv/bin/python"
seen=""
while read -r word version wheel said; do
    "$python" "$folder/build.py" "$folder/$word.zip" "$word" "$version" "$wheel"
    "$python" "$folder/install.py" "$folder/$word.zip" > /dev/null
    told=$("$python" "$folder/tell.py" | grep '^add-on')
    echo "$version with the $word wheel$said: $told"
    seen="$seen$told;"
done <<'CASES'
first 1.0.0 1.0
second 1.0.0 1.0
third 1.0.1 1.0
fourth 1.0.2 1.1 , renamed
CASES
expected="add-on first, wheel first;add-on second, wheel first;add-on third, wheel first;add-on fourth, wheel fourth;"
if [ "$seen" != "$expected" ]; then
    echo "this changed: another build of an extension gets the wheel that it brings" >&2
    exit 1
fi
