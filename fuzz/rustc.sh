#!/usr/bin/env bash
# Runs rustc. Adds libFuzzer's instrumentation to the code that is fuzzed.
set -euo pipefail
case "${CARGO_PKG_NAME:-}" in
  ramgate | ram-policy | eci-calls | ramgate-fuzz | saphyr-parser)
    exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
      -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
      -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Coverflow-checks
    ;;
  *) exec "$@" ;;
esac
