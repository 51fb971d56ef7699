#!/bin/sh
# Tells how a work package went, from any POSIX shell:
#
#     record.sh WP01 028-parser
set -eu

wp=${1:?usage: record.sh WORK_PACKAGE FEATURE}
feature=${2:?usage: record.sh WORK_PACKAGE FEATURE}

# One value ties together what belongs together.
batch=$(kitty-events causation-id)

# Exit code 0 whatever became of the event: work must not fail because its
# history could not be kept. Wrong usage is 64 all the same, so that `set -e`
# finds a mistake in this script. Each prints its event id; nobody needs it here.
kitty-events emit wp-assigned "$wp" shell implementation \
  --causation-id "$batch" >/dev/null
kitty-events emit wp-status-changed "$wp" planned doing \
  --feature "$feature" --causation-id "$batch" >/dev/null

# Records a note that matters: tries again until it is on disk. An id made
# beforehand makes that safe: however often it is tried, one event comes of it.
record_note() {
  id=$(kitty-events causation-id) # a ULID, as event ids are
  for attempt in 1 2 3; do
    status=0
    # Text that comes from elsewhere may begin with a dash.
    kitty-events emit history-added --strict --quiet --event-id "$id" \
      -- "$wp" note "$1" || status=$?
    case $status in
      74 | 75) sleep "$attempt" ;; # not stored, or the queue is full: that may pass
      *) return "$status" ;;       # 0, or what no repetition helps with
    esac
  done
  return "$status"
}

status=0
record_note "- parsed by $(uname -s)" || status=$?
case $status in
  0) ;;
  65) echo "record.sh: the note breaks the contract" >&2 ;;
  74 | 75) echo "record.sh: the note could not be kept; see: kitty-events doctor" >&2 ;;
  *) echo "record.sh: the note was not recorded (exit code $status)" >&2 ;;
esac
exit "$status"
