#!/bin/sh
# Records through the agent's socket, with curl, where starting a process for
# each event costs too much:
#
#     agent_socket.sh WP01
set -eu

wp=${1:?usage: agent_socket.sh WORK_PACKAGE}
home=${SPEC_KITTY_HOME:-$HOME/.spec-kitty}

# The agent says where its socket is: beside this file, or at a shorter path
# where the home's is too long for a socket.
socket=$(sed -n 's/.*"listening":"\(\/[^"]*\)".*/\1/p' "$home/agent.json" 2>/dev/null) || :
socket=${socket:-$home/agent.sock}

# Asks the agent. The host's name means nothing, but HTTP wants one. Without
# an agent curl ends with 7, and with 22 where the agent refuses the request.
agent() {
  path=$1
  shift
  curl --silent --show-error --fail --max-time 10 --unix-socket "$socket" \
    "$@" "http://agent$path"
}

# The answer is 200 also where an event was not kept: the receipt says it.
is_kept() {
  case $1 in
    *'"status":"delivered"'* | *'"status":"queued"'* | *'"status":"spooled"'*) return 0 ;;
    *) return 1 ;;
  esac
}

draft() {
  printf '{"event_type":"HistoryAdded","payload":{"wp_id":"%s","entry_type":"note","entry_content":"%s"}}\n' \
    "$wp" "$1"
}

# One draft, one receipt.
receipt=$(draft "one" | agent /v1/events \
  --header 'Content-Type: application/json' --data-binary @-)
is_kept "$receipt" || echo "agent_socket.sh: not kept: $receipt" >&2

# A draft a line, a receipt a line, in the same order.
{
  draft "two"
  draft "three"
} | agent /v1/events \
  --header 'Content-Type: application/x-ndjson' --data-binary @- |
  while read -r receipt; do
    is_kept "$receipt" || echo "agent_socket.sh: not kept: $receipt" >&2
  done

# How delivery stands.
agent /v1/status
