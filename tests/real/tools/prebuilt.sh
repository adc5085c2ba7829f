# shellcheck shell=bash
# shellcheck disable=SC2154 # here, cache, kubernetes and tools are of obtain.sh
# Takes programs of Kubernetes as its release made them, in place of building them. obtain.sh sources it.
#
# Nothing is taken unchecked: a program without a line in prebuilt.sha256 is built, and one whose checksum is not that of
# the line ends the script. Only what cannot be had at all is built instead. The programs are kept in folders named after
# their checksum, so that a changed line fetches anew; a kept one is checked before each use, and fetched anew if it changed.

pins=$here/prebuilt.sha256
downloads=${RAMGATE_TEST_DOWNLOADS:-https://dl.k8s.io/release}
downloads=${downloads%/}
prebuilt=$cache/prebuilt
# Four times the largest program: nobody fills the disk.
largest_kib=400000
# What a download that ends half-way leaves behind
part=
trap 'rm -f ${part:+"$part" "$part.error"}' EXIT

# The path of the program NAME below the address of downloads, as in Kubernetes' releases. Those of other machines have no
# checksum, and are built.
release_path() {
    local platform
    platform=$(uname -sm)
    case $platform in
        "Linux x86_64") platform=linux/amd64 ;;
        "Linux aarch64") platform=linux/arm64 ;;
    esac
    printf 'v%s/bin/%s/%s' "$kubernetes" "${platform// //}" "$1"
}

# The checksum that is pinned for a path, or nothing
pinned_checksum() {
    local sum path
    while read -r sum path; do
        if [ "$path" = "$1" ]; then
            printf '%s' "$sum"
            return
        fi
    done <"$pins"
}

# Downloads ADDRESS into $part. What broke off goes on where it stopped, as long as each try brings something.
transfer() {
    local address=$1 protocols=https size=0 try grown status
    case $downloads in http:*) protocols=http,https ;; esac
    for try in 1 2 3 4 5; do
        status=0
        # A host that does not answer must cost seconds. Not every host says how long a file is: there the limit of the
        # process counts, which ends it with an error and no signal.
        (
            trap '' XFSZ
            ulimit -f "$largest_kib" || true
            exec curl --fail --location --silent --show-error --stderr "$part.error" --proto "=$protocols" \
                --connect-timeout 5 --speed-limit 1000 --speed-time 10 --max-filesize "$((largest_kib * 1024))" \
                --continue-at - --output "$part" "$address" 9>&-
        ) || status=$?
        # 23: the disk or the limit has no room for more.
        case $status in 0 | 23) return "$status" ;; esac
        grown=$(stat -c %s "$part")
        [ "$grown" -gt "$size" ] || return "$status"
        size=$grown
        say "the download of ${address##*/} broke off after $try of 5 tries and $((size / 1000000)) MB"
    done
    return "$status"
}

# Whether the kept program FILE is still that of its checksum SUM. One that is not is removed.
intact() {
    local file=$1 sum=$2 found
    [ -x "$file" ] || return 1
    found=$(sha256sum <"$file") || return 1
    found=${found%% *}
    [ "$found" != "$sum" ] || return 0
    say "$file has changed: expected SHA-256 $sum, as in $pins, but found $found. It is removed; find out who changed it"
    rm -f "$file"
    return 1
}

# Downloads the program NAME from PATH into the folder of its checksum SUM. Returns 1 if it cannot be had.
take() {
    local name=$1 sum=$2 address=$downloads/$3 found start=$SECONDS
    intact "$prebuilt/$sum/$name" "$sum" && return
    mkdir -p "$prebuilt/$sum" || fail "$prebuilt cannot be written"
    # Scripts that were killed leave such files.
    find "$prebuilt" -name '*.part*' -mmin +120 -delete
    part=$(mktemp "$prebuilt/$sum/$name.XXXXXX.part") || fail "$prebuilt cannot be written"
    if ! timed "downloading $name" transfer "$address"; then
        say "$address cannot be had: $(tail -n 1 "$part.error" | tr -d '\r')"
        rm -f "$part" "$part.error"
        return 1
    fi
    found=$(sha256sum "$part")
    found=${found%% *}
    if [ "$found" != "$sum" ]; then
        fail "$address has a wrong checksum: expected SHA-256 $sum, as in $pins, but found $found ($(stat -c %s "$part") bytes)." \
            "Nothing of it was kept. Find out who changed it; RAMGATE_TEST_BUILD=1 builds the programs instead"
    fi
    { chmod 755 "$part" && mv "$part" "$prebuilt/$sum/$name"; } || fail "$prebuilt cannot be written"
    rm -f "$part.error"
    say "took $name, whose checksum is right ($(duration $((SECONDS - start))))"
}

# Says why those of the programs NAME... that are still missing are built.
say_build() {
    local reason=$1 name left=()
    shift
    for name in "$@"; do
        [ -x "$tools/$name" ] || left+=("$name")
    done
    say "$reason: building ${left[*]} $kubernetes from Go modules, which takes up to 25 minutes on two cores"
}

# Links those of the programs NAME... that can be had into the folder of tools, unless something else is there.
obtain_prebuilt() {
    local name path sum pinned=() missing=()
    for name in "$@"; do
        sum=$(pinned_checksum "$(release_path "$name")")
        # A link of ours that is no longer wanted
        case $(readlink "$tools/$name") in
            "../../prebuilt/$sum/$name")
                if [ -n "${RAMGATE_TEST_BUILD:-}" ] || ! intact "$prebuilt/$sum/$name" "$sum"; then rm "$tools/$name"; fi
                ;;
            ../../prebuilt/*) rm "$tools/$name" ;;
        esac
        if [ ! -x "$tools/$name" ]; then
            missing+=("$name")
            if [ -n "$sum" ]; then pinned+=("$name"); fi
        fi
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ -n "${RAMGATE_TEST_BUILD:-}" ]; then
        say_build "RAMGATE_TEST_BUILD is set" "$@"
    elif [ ${#pinned[@]} -eq 0 ]; then
        say_build "$pins has no checksum of $(release_path "${missing[0]}")" "$@"
    elif ! command -v curl >/dev/null; then
        say_build "curl was not found" "$@"
    else
        say "downloading ${pinned[*]} $kubernetes from $downloads (about 80 MB each; once; kept in $prebuilt)"
        for name in "${pinned[@]}"; do
            path=$(release_path "$name")
            sum=$(pinned_checksum "$path")
            if ! take "$name" "$sum" "$path"; then
                say_build "not downloaded" "$@"
                return
            fi
            ln -sfn "../../prebuilt/$sum/$name" "$tools/$name"
        done
    fi
}
