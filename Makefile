# One recipe a job; CI calls `make lint` and `make test` and nothing else.

.PHONY: demo check test fuzz lint format manifests bench

# Builds ramgate, starts it on deploy/demo/config, sends it one review that is allowed and one that is denied.
demo:
	deploy/demo/run.sh

# What to run while working: lint, unit tests, and the suites that need seconds and no program but ramgate.
check: lint
	cargo test --locked --lib --bins --test cases --test diff --test examples --test lint --test wildcards

# Every test there is, the real API server's, 20 seconds of each fuzz target and the demo included; obtains the pinned binaries first.
test:
	tests/real/tools/obtain.sh >/dev/null
	cargo test --locked
	scripts/fuzz.sh
	deploy/demo/run.sh >/dev/null

# Every fuzz target for a while, on top of what earlier runs found; `scripts/fuzz.sh 600 policy` runs one for ten minutes.
fuzz:
	scripts/fuzz.sh 120

# Formatting, lints with warnings as errors, dependencies.
lint:
	scripts/lint.sh

format:
	cargo fmt

# Renders the chart into deploy/manifests.
manifests:
	deploy/render.sh

bench:
	cargo bench
