# One target for each job. CI calls `make lint` and `make test`, and the tests on a control plane for each version of Kubernetes.

.PHONY: demo check test fuzz lint format manifests bench soak

# Builds ramgate, starts it with deploy/demo/config, and sends it one review that it allows and one that it denies.
demo:
	deploy/demo/run.sh

# Runs the fast checks: lint, unit tests, and the suites that need seconds and no program but ramgate.
check: lint
	cargo test --locked --lib --bins --test cases --test diff --test examples --test formats --test lint --test wildcards

# Obtains the pinned binaries, then runs every test (also on a real API server, and five minutes of the soak), 20 seconds of
# each fuzz target, and the demo.
test:
	tests/real/tools/obtain.sh >/dev/null
	tests/real/tools/obtain.sh clock >/dev/null
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

# An hour under fire: 1,000 reviews a second through two replicas while everything around them fails. The report is in
# target/soak. RAMGATE_SOAK_SECONDS, RAMGATE_SOAK_RATE and RAMGATE_SOAK_SEED change it.
soak:
	RAMGATE_SOAK_SECONDS=$${RAMGATE_SOAK_SECONDS:-3600} cargo test --locked --release --test soak -- --nocapture
