# Keel's commands; `make` alone lists them. What a command needs and a machine lacks, .ci/need installs or names.

export PATH := $(HOME)/.cargo/bin:$(PATH)

.NOTPARALLEL:
.PHONY: help run test soak lint units sandbox journeys islands fmt release lighthouse bench

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build Keel and start it on http://127.0.0.1:3000
	@.ci/need compiler cargo
	@.ci/wasm || echo 'keel: going on without islands: pages are whole, but charts do not answer to the pointer.' >&2
	cargo run -- serve

test: lint units sandbox journeys ## Check everything: lint, units, sandbox and journeys

soak: release ## Kill, stop, cut off and hang up on the release build, race calls, often: three quarters of an hour
	@.ci/need postgres sqlite
	KEEL_SOAK=1 KEEL_BINARY=$(CURDIR)/target/release/keel \
		.ci/postgres cargo test --locked -p keel --test keel -- process:: ::races:: flows::storms flows::orders flows::ledger --nocapture --test-threads=1

lint: ## Check the format and the lints
	@.ci/need compiler cargo lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

units: islands ## Run the Rust tests on SQLite and PostgreSQL
	@.ci/need compiler cargo postgres sqlite
	.ci/postgres cargo test --workspace --locked

# Binaries come from the build of the Rust tests: of a selection of crates most would be built once more, with other features.
sandbox: islands ## Hold the billing sandbox against Stripe's declarations and clients
	@.ci/need compiler cargo postgres chromium node packages python wheels
	cargo test --workspace --locked --no-run
	.ci/postgres node --test --test-concurrency=1 end2end/sandbox/*.test.mjs

journeys: islands ## Walk the browser journeys, or some of them: make journeys ONLY='paid trial'
	@.ci/need compiler cargo postgres sqlite chromium node packages python
	cargo test --workspace --locked --no-run
	.ci/postgres node end2end/run.mjs $(ONLY)

islands: ## Build what runs in the browser into app/browser/pkg/
	@.ci/need compiler cargo
	@.ci/wasm

fmt: ## Format the Rust code
	@.ci/need cargo lints
	cargo fmt --all

release: islands ## Build target/release/keel, one file with everything in it
	@.ci/need compiler cargo
	cargo build --release --locked

lighthouse: release ## Let Lighthouse judge the public pages of the release build
	@.ci/need chromium node packages lighthouse
	KEEL_BINARY=target/release/keel node end2end/lighthouse/run.mjs

bench: islands ## Measure speed and size beside the least that does the same
	@.ci/need compiler cargo postgres
	cargo build --release --locked -p keel -p billing-sandbox -p keel-bench
	taskset --cpu-list 1 .ci/postgres target/release/keel-bench
