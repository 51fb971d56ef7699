#!/bin/sh
# Leaves a note where the program is not, such as in a container that shares no
# more than the home's folder. The next run of kitty-events takes it in:
#
#     spool.sh WP01 "text"
set -eu

wp=${1:?usage: spool.sh WORK_PACKAGE TEXT}
text=${2:?usage: spool.sh WORK_PACKAGE TEXT}
spool=${SPEC_KITTY_HOME:-$HOME/.spec-kitty}/spool

# Writes a text as a JSON string. Control characters other than tab and line
# break have no short form there, and are left out.
json_string() {
  tab=$(printf '\t')
  printf '"'
  printf '%s\n' "$1" | LC_ALL=C tr -d '\000-\010\013-\037' |
    sed -e 's/[\"]/\\&/g' -e "s/$tab/\\\\t/g" |
    awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
  printf '"'
}

# What is recorded is for its owner only.
umask 077
mkdir -p "$spool"

# A name with a leading dot is not looked at: nobody reads half a draft. It is
# in the same folder, because only there a rename is one step.
draft=$(mktemp "$spool/.draft.XXXXXX")
trap 'rm -f "$draft"' EXIT

printf '{"event_type":"HistoryAdded","payload":{"wp_id":%s,"entry_type":"note","entry_content":%s}}\n' \
  "$(json_string "$wp")" "$(json_string "$text")" >"$draft"

# Drafts are taken in by the order of their names. A process id would not make
# them unique: in containers it is 1 for all. Nothing checks the draft here; if
# it breaks the contract, spool/rejected/ will say why.
mv "$draft" "$spool/$(date -u +%Y%m%dT%H%M%SZ)-${draft##*.}.json"
