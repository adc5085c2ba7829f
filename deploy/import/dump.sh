#!/bin/sh
# Writes RAM's data of an account into a folder, for `ramgate import aliyun FOLDER`. Makes read-only calls alone.
#
#   dump.sh FOLDER                     users, groups, roles, policies and who has them
#   dump.sh --control ACCOUNT FOLDER   the control policies above ACCOUNT, with credentials of the management account
#
# Needs the aliyun CLI (https://github.com/aliyun/aliyun-cli) with credentials, and jq. The RAM policies that it needs are
# policy.json and control-policy.json beside this file. RAMGATE_ALIYUN is the command of the CLI with its flags, such as
# "aliyun --profile audit"; by default it is "aliyun".
#
# Each answer is written as the CLI prints it. A list of several pages is one file with a list of answers. FOLDER must be new
# or empty, except for --control, so that answers of two days never mix. If a call fails, the script ends, and FOLDER has no
# file GetCallerIdentity.json or GetAccount.json, which are written last.
set -eu

fail() {
    printf 'dump.sh: %s\n' "$*" >&2
    exit 1
}

usage() {
    fail "give a folder: dump.sh FOLDER, or dump.sh --control ACCOUNT FOLDER"
}

# Makes a call; RAMGATE_ALIYUN may have flags, so it is split into words
call() {
    # shellcheck disable=SC2086
    ${RAMGATE_ALIYUN:-aliyun} "$@" </dev/null || fail "this call failed: aliyun $*"
}

# Writes the answer of one call into a file
get() {
    file=$1
    shift
    mkdir -p "$(dirname "$folder/$file")"
    call "$@" >"$folder/$file.part"
    jq -e 'type == "object"' "$folder/$file.part" >/dev/null || fail "this is no answer of aliyun $*: $folder/$file.part"
    mv "$folder/$file.part" "$folder/$file"
}

# Moves the pages of a list into its file: the answer itself, or a list of answers
join() {
    file=$1 pages=$2
    mkdir -p "$(dirname "$folder/$file")"
    if [ "$pages" -eq 1 ]; then
        mv "$folder/.page.1" "$folder/$file"
        return
    fi
    set --
    page=1
    while [ "$page" -le "$pages" ]; do
        set -- "$@" "$folder/.page.$page"
        page=$((page + 1))
    done
    jq -s . "$@" >"$folder/$file.part"
    mv "$folder/$file.part" "$folder/$file"
    rm -f "$@"
}

# Writes a list that is paged by a marker
list_by_marker() {
    file=$1 page=1 marker=
    shift
    while :; do
        if [ -z "$marker" ]; then
            call "$@" --MaxItems 1000 >"$folder/.page.$page"
        else
            call "$@" --MaxItems 1000 --Marker "$marker" >"$folder/.page.$page"
        fi
        truncated=$(jq -r 'if type == "object" then .IsTruncated else error end' "$folder/.page.$page") ||
            fail "this is no answer of aliyun $*: $folder/.page.$page"
        [ "$truncated" = true ] || break
        next=$(jq -r '.Marker // ""' "$folder/.page.$page")
        [ -n "$next" ] && [ "$next" != "$marker" ] || fail "aliyun $* is truncated and says no next page"
        marker=$next page=$((page + 1))
    done
    join "$file" "$page"
}

# Writes a list that is paged by numbers
list_by_number() {
    file=$1 page=1 found=0
    shift
    while :; do
        call "$@" --PageNumber "$page" --PageSize 100 >"$folder/.page.$page"
        total=$(jq -e '.TotalCount' "$folder/.page.$page") || fail "aliyun $* has no TotalCount: $folder/.page.$page"
        count=$(jq '[.[] | objects | .[] | arrays | length] | add // 0' "$folder/.page.$page")
        found=$((found + count))
        [ "$found" -lt "$total" ] || break
        [ "$count" -gt 0 ] || fail "aliyun $* answers with $found of $total"
        page=$((page + 1))
    done
    join "$file" "$page"
}

# The values that a filter of jq finds in a list, whatever its pages
values() {
    jq -r "(if type == \"array\" then .[] else . end) | $2" "$folder/$1"
}

# Names that RAM gives hold none of these; whatever does, must become neither a path nor a flag
check_name() {
    case $1 in
    '' | -* | . | .. | *[!A-Za-z0-9._-]*) fail "this is no name of RAM: $1" ;;
    esac
}

dump_account() {
    list_by_marker ListUsers.json ram ListUsers
    list_by_marker ListGroups.json ram ListGroups
    list_by_marker ListRoles.json ram ListRoles
    list_by_number ListResourceGroups.json resourcemanager ListResourceGroups
    # Without arguments it shows the grants of every scope
    list_by_number ListPolicyAttachments.json resourcemanager ListPolicyAttachments
    values ListGroups.json '.Groups.Group[]?.GroupName' | while read -r name; do
        check_name "$name"
        list_by_marker "ListUsersForGroup/$name.json" ram ListUsersForGroup --GroupName "$name"
    done
    values ListRoles.json '.Roles.Role[]?.RoleName' | while read -r name; do
        check_name "$name"
        get "GetRole/$name.json" ram GetRole --RoleName "$name"
    done
    values ListPolicyAttachments.json '.PolicyAttachments.PolicyAttachment[]? | "\(.PolicyType) \(.PolicyName)"' |
        sort -u | while read -r type name; do
        check_name "$type"
        check_name "$name"
        get "GetPolicy/$type/$name.json" ram GetPolicy --PolicyType "$type" --PolicyName "$name"
    done
    get GetCallerIdentity.json sts GetCallerIdentity
}

dump_control() {
    check_name "$account"
    answer=$(call resourcemanager GetAccount --AccountId "$account")
    own=$(printf '%s\n' "$answer" | jq -r '.Account.FolderId // ""')
    check_name "$own"
    case $own in
    r-*) ;;
    *) get "ListAncestors/$own.json" resourcemanager ListAncestors --ChildId "$own" ;;
    esac
    {
        [ ! -e "$folder/ListAncestors/$own.json" ] || values "ListAncestors/$own.json" '.Folders.Folder[]?.FolderId'
        printf '%s\n' "$own" "$account"
    } | while read -r target; do
        check_name "$target"
        file=ListControlPolicyAttachmentsForTarget/$target.json
        [ -e "$folder/$file" ] || get "$file" resourcemanager ListControlPolicyAttachmentsForTarget --TargetId "$target"
        values "$file" '.ControlPolicyAttachments.ControlPolicyAttachment[]? | select(.PolicyType == "Custom") | .PolicyId' |
            while read -r id; do
                check_name "$id"
                [ -e "$folder/GetControlPolicy/$id.json" ] ||
                    get "GetControlPolicy/$id.json" resourcemanager GetControlPolicy --PolicyId "$id"
            done
    done
    printf '%s\n' "$answer" >"$folder/GetAccount.json"
}

control=false account=
if [ "${1:-}" = --control ]; then
    [ $# -eq 3 ] || usage
    control=true account=$2
    shift 2
fi
[ $# -eq 1 ] || usage
folder=$1
case $folder in
'' | -*) usage ;;
esac
command -v jq >/dev/null || fail "jq is not installed: it reads the CLI's answers"
mkdir -p "$folder"
# The answers name every person of the account
chmod 700 "$folder"
if [ "$control" = true ]; then
    rm -rf "$folder/ListAncestors" "$folder/ListControlPolicyAttachmentsForTarget" "$folder/GetControlPolicy" "$folder/GetAccount.json"
    dump_control
else
    [ -z "$(ls -A "$folder")" ] || fail "$folder is not empty: give a new folder, so that answers of two days do not mix"
    dump_account
fi
