# shellcheck shell=bash
# Says on standard error what a long step does and how long it has taken. obtain.sh sources it.

say() { printf 'obtain.sh: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# Where standard error is no terminal, such as a log of CI, a line each so many seconds shows that something still goes on.
line_seconds=60

# Seconds as people read them: 9 s, 3 min 5 s.
duration() {
    if [ "$1" -lt 60 ]; then printf '%d s' "$1"; else printf '%d min %d s' $(($1 / 60)) $(($1 % 60)); fi
}

# Says until it is ended how long WHAT has taken; on a terminal in one line, which is written over each second.
tick() {
    local what=$1 start=$SECONDS said=0 elapsed
    # Not longer than the script, which may be killed. The sleep holds no pipe that someone reads to its end.
    while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        elapsed=$((SECONDS - start))
        if [ -t 2 ]; then
            # The cursor stays in front, where the next message of a program writes over it.
            printf 'obtain.sh: %s: %s\033[K\r' "$what" "$(duration "$elapsed")" >&2
        elif [ $((elapsed - said)) -ge "$line_seconds" ]; then
            said=$elapsed
            say "still $what: $(duration "$elapsed")"
        fi
    done
}

# Runs a command, and says meanwhile how long WHAT, such as `building etcd`, has taken.
timed() {
    local what=$1 status=0 ticker
    shift
    # Without the lock, which would else outlive the script.
    tick "$what" >/dev/null 9>&- &
    ticker=$!
    "$@" || status=$?
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    if [ -t 2 ]; then printf '\033[K' >&2; fi
    return "$status"
}
