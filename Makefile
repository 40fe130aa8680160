# The front door: `make` lists what there is. Each target first gets the machine ready (scripts/bootstrap.sh), which takes no
# time once it is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test fuzz bench bench-store demo dist bootstrap bootstrap-rocksdb

# More arguments for the program of a target: make run ARGS="--listen 127.0.0.1:9000"
ARGS ?=
# Conversations to replay in `make demo`, one JSON object a line. Without it the demo generates some.
FILE ?=

env := . .tools/env;

help:
	@echo 'make run     build the server, start it with the example plugins on http://127.0.0.1:8080'
	@echo 'make demo    start a server on a free port, replay conversations and webhooks, print what the plugins counted'
	@echo '             (FILE=conversations.jsonl replays yours)'
	@echo 'make test    every test of the workspace'
	@echo 'make fuzz    damaged documents, keys, cursors and filters, new ones for FUZZ_SECONDS a reader (60)'
	@echo 'make bench   the benchmarks: dispatch and HTTP beside their peers'
	@echo 'make bench-store'
	@echo '             the same for the store: beside RocksDB alone and SQLite, which it builds'
	@echo 'make dist    one static, stripped server binary in dist/'
	@echo
	@echo 'ARGS="…" is handed on to the program: make run ARGS="--data-dir /tmp/data"'

bootstrap:
	@scripts/bootstrap.sh

bootstrap-rocksdb:
	@scripts/bootstrap.sh --long-build debug

# The demo's secret lets the example webhook answer; a real one comes from the environment or the settings file.
run: bootstrap-rocksdb
	@$(env) export PLUGIN_SERVER__PLUGINS__GITHUB_INTEGRATION__SECRET="$${PLUGIN_SERVER__PLUGINS__GITHUB_INTEGRATION__SECRET:-demo-secret}"; \
	exec cargo run --locked -p plugin-server -- serve $(ARGS)

# The server is built first: the tests from outside start its binary.
test: bootstrap-rocksdb
	@$(env) cargo build --locked -p plugin-server; \
	cargo test --workspace --locked $(ARGS)

# Overflow checks are on in this profile. FUZZ_SEED draws again what a failure names.
fuzz: bootstrap
	@$(env) FUZZ_SECONDS="$${FUZZ_SECONDS:-60}" cargo test --locked -p plugin-core --test hostile $(ARGS)

bench: bootstrap
	@$(env) cargo run --release --locked -p benches -- $(ARGS)

# RocksDB in the release profile, which may take minutes of C++ the first time.
bench-store:
	@scripts/bootstrap.sh --long-build release
	@$(env) cargo run --release --locked -p benches --features store -- store $(ARGS)

# The server is built first: the demo starts its binary.
demo: bootstrap-rocksdb
	@$(env) cargo build --locked -p plugin-server; \
	exec cargo run --locked -p tests --bin demo -- $(if $(FILE),--file '$(FILE)') $(ARGS)

dist: bootstrap
	@$(env) scripts/dist.sh
