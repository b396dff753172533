# Every target works on a fresh checkout; `make help` lists them.

SHELL := /bin/bash
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml | head -n 1)
ARCHITECTURE := $(patsubst arm64,aarch64,$(patsubst amd64,x86_64,$(shell uname -m)))
PACKAGE := dist/s3newip-$(VERSION).tgz

.PHONY: help run quick test test-app test-alerts soak bench bench-instr alerts lint doc fuzz deny app dist test-dist appinspect clean

# The tests of `make quick`, besides those in src: the whole way of a row, in seconds.
QUICK := layers options rows columns results history protocol scan

# How long `make fuzz` runs each target.
SECONDS ?= 60

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*##/ { printf "%-11s %s\n", $$1, $$2 }' Makefile

run: ## show what the command does, on samples
	scripts/run-demo.sh

quick: ## the tests to run after every change
	cargo test --locked --lib $(addprefix --test ,$(QUICK))

test: ## all tests of the code, those of the app, and those of the evaluation's own model
	cargo test --locked
	$(MAKE) test-app test-alerts

test-app: ## the tests of the app, on a package with this machine's binary
	cargo build --locked
	scripts/make-app.sh target/test-app/s3newip $(ARCHITECTURE)=target/debug/s3newip
	scripts/pack.sh target/test-app/s3newip target/test-app/s3newip-$(VERSION).tgz
	scripts/test-app.sh target/test-app/s3newip-$(VERSION).tgz

test-alerts: ## the formulas of the plain model that `make alerts` compares the program with
	cd benches && PYTHONDONTWRITEBYTECODE=1 python3 -m unittest alerts.test_policy

soak: ## the random kills of the tests, ten times as many
	S3NEWIP_SOAK=1 cargo test --locked --test crash -- --nocapture

bench: ## everything against its peers, into benches/RESULTS.md: needs 7 GB, and 10 minutes or more
	scripts/bench.sh --write

bench-instr: ## instruction counts, against benches/instructions.tsv; needs valgrind
	PYTHONDONTWRITEBYTECODE=1 python3 benches/instructions.py

alerts: app ## which accesses raise an alert, judged on simulated worlds, into benches/ALERTS.md: 10 minutes on two cores
	cd benches && PYTHONDONTWRITEBYTECODE=1 python3 -m alerts --others --write

lint: ## format and clippy
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

doc: ## the documentation of the code, without a warning
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --document-private-items

fuzz: ## every fuzz target for SECONDS (60), with a nightly compiler; TARGETS="frames ...": only those
	SECONDS_EACH=$(SECONDS) scripts/fuzz.sh $(TARGETS)

deny: ## licences, bans and sources of the dependencies
	scripts/deny.sh

app: ## the app's folder with this machine's binary: target/app/s3newip
	cargo build --locked --release
	scripts/make-app.sh target/app/s3newip $(ARCHITECTURE)=target/release/s3newip

dist: ## the package for both architectures: dist/s3newip-<version>.tgz
	scripts/make-dist.sh

test-dist: dist ## the tests on that package, with both of its binaries
	scripts/test-dist.sh $(PACKAGE)

appinspect: dist ## vet that package with Splunk AppInspect
	scripts/appinspect.sh $(PACKAGE)

clean: ## remove everything that was built
	rm -rf target dist
