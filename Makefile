# One target for each job. CI calls only `make lint` and `make test`.

.PHONY: demo check test fuzz lint format manifests bench

# Builds ramgate, starts it with deploy/demo/config, and sends it one review that it allows and one that it denies.
demo:
	deploy/demo/run.sh

# Runs the fast checks: lint, unit tests, and the suites that need seconds and no program but ramgate.
check: lint
	cargo test --locked --lib --bins --test cases --test diff --test examples --test formats --test lint --test wildcards

# Obtains the pinned binaries, then runs every test (also on a real API server), 20 seconds of each fuzz target, and the demo.
test:
	tests/real/tools/obtain.sh >/dev/null
	tests/real/tools/obtain.sh controllers >/dev/null
	tests/real/tools/obtain.sh browser >/dev/null
	cargo test --locked
	scripts/fuzz.sh
	deploy/demo/run.sh >/dev/null

# Runs every fuzz target for two minutes, starting from earlier finds. `scripts/fuzz.sh 600 policy` runs one for ten minutes.
fuzz:
	scripts/fuzz.sh 120

# Checks formatting, lints (warnings are errors) and dependencies.
lint:
	scripts/lint.sh

format:
	cargo fmt

# Renders the chart into deploy/manifests.
manifests:
	deploy/render.sh

bench:
	cargo bench
