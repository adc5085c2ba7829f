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

# Says how long WHAT has taken, until standard input ends; on a terminal in one line, which is written over each second.
tick() {
    local what=$1 start=$SECONDS said=0 elapsed
    # A time-out has a status of its own.
    while read -rt 1 || [ $? -gt 128 ]; do
        elapsed=$((SECONDS - start))
        if [ -t 2 ]; then
            # The cursor stays in front, where the next message of a program writes over it.
            printf 'obtain.sh: %s: %s\033[K\r' "$what" "$(duration "$elapsed")" >&2
        elif [ $((elapsed - said)) -ge "$line_seconds" ]; then
            said=$elapsed
            say "still $what: $(duration "$elapsed")"
        fi
    done
    if [ -t 2 ]; then printf '\033[K' >&2; fi
}

# Runs a command, and says meanwhile how long WHAT, such as `building etcd`, has taken.
timed() {
    local what=$1 status=0 ticker end
    shift
    # The pipe ends the ticker, also if the script is killed: a signal could meet it while it still has the script's traps.
    # It holds neither the lock nor what the script prints.
    exec {end}> >(tick "$what" >/dev/null 9>&-)
    ticker=$!
    "$@" {end}>&- || status=$?
    exec {end}>&-
    wait "$ticker"
    return "$status"
}
