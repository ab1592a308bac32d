# The two commands are `make film` and `make test`; both set themselves up.
SHELL := /bin/sh
PY := .venv/bin/python
export PYTHONPATH := $(CURDIR):$(CURDIR)/shared:$(CURDIR)/functions
BRIEF ?= examples/neo-noir-laundromat/brief.yaml
OUT ?= out/$(notdir $(patsubst %/,%,$(dir $(BRIEF))))

.PHONY: policy gltf-validator bench-dailies bench-conform bench-timeline reindex simulate overspend docs film setup test check lint types format serve sam-validate build bench clean

film: setup ## make the example film (BRIEF=… OUT=… for another)
	@./vibeboard film $(BRIEF) --out $(OUT)

setup: .venv/installed

.venv/installed: requirements.lock scripts/setup.py .python-version
	@python3 scripts/setup.py

test: setup ## the whole suite, by three workers on two cores: some tests wait for a clock
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: lint types sam-validate ## the gate before tests: lint, format, types, template

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: setup
	@$(PY) -m mypy shared functions local

format: setup
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

overspend: setup ## 20 runs of 64 clients against a cap that affords a third
	@OVERSPEND_RUNS=20 $(PY) -m pytest -q tests/workflow/test_money.py

kills: setup ## 50 SIGKILLs at random moments of small films (KILLS=…): same frames, same spend, nothing sent twice
	@$(PY) -m tests.benchmarks.kills --kills $(or $(KILLS),50)

aws-calls: setup ## count the AWS calls of every route and write the table
	@$(PY) -m tests.benchmarks.aws_calls

continuity: setup ## draw the example's storyboard, measure it across its cuts, write the page and its filmstrip
	@$(PY) -m tests.benchmarks.bench_continuity

simulate: setup ## a million seeded schedules of the job protocol (about an hour a core)
	@$(PY) -m tests.simulation --schedules 1000000

reindex: setup ## put the reference corpus into the OpenSearch of SEARCH_URL, with the caller's AWS credentials
	@$(PY) -m scripts.reindex

bench-conform: setup ## a 4K and an HD master against one FFmpeg and MoviePy (SHOTS, SECONDS, PAIRS, SIZES; an hour on two cores)
	@$(PY) -m tests.benchmarks.bench_conform

bench-timeline: setup ## calls and CPU of a timeline of 600 shots
	@BILLING=sandbox $(PY) -m tests.benchmarks.bench_timeline

bench-dailies: setup ## dailies on real footage with injected defects, and their speed and memory (about 40 CPU minutes)
	@$(PY) -m tests.benchmarks.bench_dailies
	@$(PY) -m tests.benchmarks.bench_analyse_speed

docs: setup ## write the reference pages that come from the code
	@$(PY) -m local.reference

sam-validate: setup ## the template, by SAM itself
	@scripts/sam.sh validate --lint

build: setup ## every zip function and layer, with bytecode, and a check that each handler imports from its layers
	@scripts/sam.sh build --exclude MediaFunction
	@.venv-sam/bin/python -m compileall -q --invalidation-mode unchecked-hash .aws-sam/build
	@$(PY) -m scripts.check_build

serve: setup
	@./vibeboard serve

gltf-validator: setup ## wants npm: the GLBs our engine builds (or GLB="a.glb b.glb") by the Khronos validator
	@npm install --silent --no-audit --no-fund --no-save --prefix out/gltf-validator gltf-validator@2.0.0-dev.3.10
	@$(PY) -m scripts.gltf_validator out/gltf-validator $(GLB)

# Optional, wants MediaConch on the machine: make policy DIR=out/neo-noir-laundromat
policy:
	mediaconch -p tests/media/policies/prores-422-hq.xml $(DIR)/Master.mov
