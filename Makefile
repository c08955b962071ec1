# Every target sets up what it needs: .venv, system packages (packages.sh), fonts.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
FONTS := training/data/node_modules/.package-lock.json

export PYTHON
unexport PYTHONDONTWRITEBYTECODE # else every process compiles all of this anew

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help app grid test check lint fonts bench lock fuzz evaluate

help: ## this list
	@awk -F ':.*## ' '/^[a-zA-Z%-]+:.*## / { sub("%", "NAME", $$1); printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

app: $(VENV)/.app ## open the page in which the readers can be tried
	-./packages.sh app
	$(BIN)/python app.py

grid: $(VENV)/.app ## open the page that lays pictures out on a grid; with FLAGS=--local-folders also those of this machine
	-./packages.sh app
	$(BIN)/python -m streamlit run demos/grid.py -- $(FLAGS)

# two tests run at once on two cores: a second thread of each would only wait for the other's
test check: export OMP_NUM_THREADS = 1
test: $(VENV)/.dev fonts lint ## run every check, a headless browser included: ten minutes
	./packages.sh app
	./packages.sh browser || $(BIN)/python -m playwright install chromium
	$(PYTEST)

check: $(VENV)/.dev fonts lint ## run lint, types and what needs neither a browser nor training
	./packages.sh app
	$(PYTEST) -m "not browser and not training"

fuzz: $(VENV)/.dev ## ten thousand broken pictures, zips, texts and requests
	FUZZ=10000 $(BIN)/python -m pytest -q tests/test_fuzz.py

lint: $(VENV)/.dev ## check style and types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

fonts: $(FONTS) ## fetch the fonts and words that training data is drawn with (npm)

bench: $(VENV)/.dev fonts ## measure readers and grid beside their peers
	$(BIN)/python -m benchmarks.readers
	$(BIN)/python -m benchmarks.grid
	./packages.sh browser || $(BIN)/python -m playwright install chromium
	$(BIN)/python -m benchmarks.grid_page

# rapidocr names opencv-python, which is the module cv2 a second time: requirements.txt has the one without windows
LOCK := uv pip compile --universal --python-version 3.11 --no-annotate --no-header --upgrade --quiet \
    --no-emit-package opencv-python

lock: $(BIN)/python ## renew the exact pins of all that is installed: requirements.lock, requirements-dev.lock
	$(BIN)/python -m pip install uv==0.13.9
	$(BIN)/python -m $(LOCK) requirements.txt --output-file requirements.lock
	$(BIN)/python -m $(LOCK) pyproject.toml --all-extras -c requirements.lock --output-file requirements-dev.lock

# what lies in data/ beside the drawn sets: see README
evaluate: $(VENV)/.dev fonts ## measure again what README and cards state, an hour or two
	./packages.sh app
	$(BIN)/python -m training.data.captcha tests
	$(BIN)/python -m training.data.glyph tests
	$(BIN)/python -m training.data.persian tests
	$(BIN)/python -m training.data.words tests
	$(BIN)/python -m training.data.signs
	$(BIN)/python -m training.data.lines tests
	$(BIN)/python -m training.data.letters tests
	$(BIN)/python -m training.measure.evaluate
	$(BIN)/python -m benchmarks.readers --save --data data/test-words data/test-unseen-words data/captcha-*-test.zip
	$(BIN)/python -m benchmarks.readers --save --limit 900 --data data/persian-test data/persian-test-scan \
	    data/digits-hoda-test.zip
	$(BIN)/python -m benchmarks.readers --save --limit 600 --data data/words-test data/numbers-test \
	    data/words-iiit5k-test.zip
	$(BIN)/python -m benchmarks.spotting --save
	$(BIN)/python -m benchmarks.speed --save
	$(BIN)/python -m benchmarks.letters --save --peer-limit 60

# Large tensors' memory is kept, not asked for anew at every step, and lies in large pages: up to twice as fast on a CPU
train-%: export MALLOC_MMAP_MAX_ = 0
train-%: export MALLOC_TRIM_THRESHOLD_ = 17179869184
train-%: export THP_MEM_ALLOC_ENABLE = 1
train-%: $(VENV)/.dev fonts ## train a checkpoint, e.g. make train-captcha-resnet18
	./packages.sh app
	$(BIN)/python -m training $*

$(BIN)/python:
	./packages.sh venv
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --no-deps -r $<
	touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml $(VENV)/.app
	$(BIN)/python -m pip install --no-deps -r $< -e .
	touch $@

$(FONTS): training/data/package-lock.json
	./packages.sh fonts
	npm ci --prefix training/data --ignore-scripts --no-audit --no-fund
	touch $@
