# Everything runs in a virtual environment of this folder (.venv) and needs nothing but Python 3.11 or newer.
#
#   make demo [INPUT=my.mp4]    plan and run a job on a real clip, with a picture of before and after
#   make test [ARGS="-k trim"]  the tests, against every FFmpeg found and two fetched ones
#   make fuzz                   random jobs with the optimiser and without, on two FFmpegs; goes on where it was interrupted
#   make check                  format, lint, types (for Windows too), import layers
#   make bench                  planning and throughput, in tables; ARGS=--resume goes on where it was interrupted
#   make docs                   the site, in docs/_build; links and code blocks hold
#   make clean                  remove what the others made

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test fuzz check bench docs clean

BIN := .venv/bin
PLUGINS := -e plugins/mediapipeline-example -e plugins/mediapipeline-frames
INPUT ?=
ARGS ?=
# Two workers: most of the time is spent in FFmpeg, which has threads of its own.
WORKERS ?= 2

# The first Python that is new enough and really there: a version manager may have stand-ins for what is not installed.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import ensurepip, sys, venv; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

help:
	@sed -n 's/^#   //p' Makefile

demo: .venv/.demo
	$(BIN)/python docs/examples/demo.py $(if $(INPUT),"$$INPUT")

test: .venv/.dev .cache/ffmpeg-7.0/ffmpeg
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

fuzz: .venv/.dev
	$(BIN)/python tests/equivalence/fuzz.py $(ARGS) $(foreach ffmpeg,$(shell command -v ffmpeg) \
		$(shell $(BIN)/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())'),--ffmpeg $(ffmpeg))

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --no-warn-unreachable --cache-dir .mypy_cache/win32 mediapipeline
	$(BIN)/mypy --config-file tests/mypy.ini
	$(BIN)/lint-imports

bench: .venv/.bench
	$(BIN)/python benchmarks/run.py $(ARGS)

docs: .venv/.dev
	$(BIN)/python docs/check.py
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

clean:
	rm -rf .venv .cache demo-output dist build .mypy_cache tests/.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks

# Stamps, so that a second call starts at once.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer, with venv, is needed (or: make PYTHON=/path/to/python3)"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e '.[ffmpeg,cli]'
	@touch $@

.venv/.dev: pyproject.toml $(wildcard plugins/*/pyproject.toml) | $(BIN)/python
	$(BIN)/python -m pip install -q -e '.[dev]' $(PLUGINS)
	@touch $@ .venv/.demo

.venv/.bench: pyproject.toml $(wildcard plugins/*/pyproject.toml) | $(BIN)/python
	$(BIN)/python -m pip install -q -e '.[bench]' $(PLUGINS)
	@touch $@ .venv/.dev .venv/.demo

# An older FFmpeg to test against, out of an older wheel; it is not installed, only unpacked.
.cache/ffmpeg-7.0/ffmpeg: | $(BIN)/python
	@mkdir -p $(@D)
	$(BIN)/python -m pip download -q --no-deps --only-binary :all: -d $(@D) 'imageio-ffmpeg==0.6.0'
	cd $(@D) && $(CURDIR)/$(BIN)/python -m zipfile -e imageio_ffmpeg-*.whl unpacked
	mv $(@D)/unpacked/imageio_ffmpeg/binaries/ffmpeg-* $@
	chmod +x $@
	rm -rf $(@D)/unpacked $(@D)/*.whl
