#!/bin/sh
# Stands in for the aliyun CLI: answers from the files of account/, in pages of FAKE_PAGE entries, and logs every call.
#
# FAKE_FAIL is an action that fails, FAKE_LOG a file for the calls. Calls that do not read are refused.
set -eu
account=$(dirname "$0")/account
service=$1 action=$2
shift 2
printf '%s %s %s\n' "$service" "$action" "$*" >>"$FAKE_LOG"
case $action in
Get* | List*) ;;
*)
    echo "not a call that reads: $action" >&2
    exit 3
    ;;
esac
if [ "${FAKE_FAIL:-}" = "$action" ]; then
    echo "ERROR: SDK.ServerError ErrorCode: Throttling.User" >&2
    exit 1
fi
first=0 number=1 argument=
while [ $# -gt 0 ]; do
    case $1 in
    --Marker) first=$2 ;;
    --PageNumber) number=$2 ;;
    --MaxItems | --PageSize) ;;
    --AccountId) ;;
    --PolicyType) argument=$2 ;;
    *) argument=$argument${argument:+/}$2 ;;
    esac
    shift 2
done
file=$account/$action${argument:+/$argument}.json
[ -e "$file" ] || {
    echo "ERROR: EntityNotExist $file" >&2
    exit 1
}
case $action in
ListUsers | ListGroups | ListRoles | ListUsersForGroup)
    # The CLI leaves an empty list out
    jq --argjson first "$first" --argjson most "$FAKE_PAGE" '
        (to_entries[] | select(.value | type == "object") | .key) as $plural
        | (.[$plural] | keys[0]) as $singular
        | .[$plural][$singular] as $all
        | .[$plural][$singular] = $all[$first:$first + $most]
        | .IsTruncated = ($first + $most < ($all | length))
        | if .IsTruncated then .Marker = ($first + $most | tostring) else . end
        | if $all == [] then del(.[$plural]) else . end' "$file"
    ;;
ListPolicyAttachments | ListResourceGroups)
    jq --argjson number "$number" --argjson most "$FAKE_PAGE" '
        (to_entries[] | select(.value | type == "object") | .key) as $plural
        | (.[$plural] | keys[0]) as $singular
        | .PageNumber = $number | .PageSize = $most
        | .[$plural][$singular] |= .[($number - 1) * $most:$number * $most]' "$file"
    ;;
*) cat "$file" ;;
esac
