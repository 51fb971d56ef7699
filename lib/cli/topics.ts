/**
 * What is to be known beside the commands: the texts of `help <topic>`, and
 * the sections of the manual page.
 *
 * @module
 */

import { VARIABLES } from "../base/variables.ts";

/** A topic. */
export interface Topic {
  /** Its word behind `help`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Before the rows, a paragraph each. */
  readonly intro?: readonly string[];
  /** What there is, and what it means. */
  readonly rows: readonly (readonly [string, string])[];
  /** After the rows, a paragraph each. */
  readonly outro?: readonly string[];
  /** Lines of a shell, where seeing it done says most. */
  readonly example?: readonly string[];
}

/** The variables that a topic explains. */
function variableRows(of: string | undefined): (readonly [string, string])[] {
  return VARIABLES.flatMap(({ name, meaning, topic }) =>
    meaning === undefined || topic !== of ? [] : [[name, meaning] as const]
  );
}

/** All topics, in the order of the manual page. */
export const TOPICS: readonly Topic[] = [
  {
    name: "receipts",
    summary: "What became of an event: the words of a receipt.",
    rows: [
      ["delivered", "the server acknowledged it"],
      ["queued", "on disk, in the queue"],
      [
        "spooled",
        "on disk, in the spool: the queue could not be used in time, or older drafts wait there; it has no clock value yet",
      ],
      ["discarded", "it breaks the contract; `problems` says where"],
      ["refused", "the queue is full; nothing was stored"],
      ["lost", "nothing could be written; `warning` says why"],
      ["disabled", "switched off by SPEC_KITTY_DISABLED"],
      ["known", "recorded before (a row, or handed over), and gone since"],
    ],
    outro: [
      "A single emit prints the event's id on stdout (nothing if it got none) and a line for people on stderr. With --json, and in a stream, a receipt is one JSON document with the fields line (streams only), event_type, event_id, lamport_clock, status, problems, warning and via.",
      "A retry is safe when it names the same --event-id: as long as the event waits here, the answer is its receipt again.",
    ],
  },
  {
    name: "exit-codes",
    summary: "How a command ends.",
    intro: [
      "emit exits with 0 whatever became of the event, except for wrong usage; --strict makes it use the other codes. All commands but emit always use them.",
    ],
    rows: [
      ["0", "done"],
      [
        "64",
        "wrong usage: unknown command, flag or event type, missing argument",
      ],
      [
        "65",
        "an invalid event or document; an id that is not there; sync now: the server refused events",
      ],
      [
        "69",
        "the server is not there, did not take all, or has not acknowledged the event that --wait server waits for",
      ],
      ["74", "not stored; the home, its queue or its clock cannot be used"],
      ["75", "the queue is full"],
      ["77", "not logged in, or not allowed to send for this team"],
      ["78", "a setting that cannot be used"],
      ["130", "ended by SIGINT"],
      ["143", "ended by SIGTERM"],
    ],
    outro: [
      "Of several, a stream uses the first in the order 74, 75, 69, 65, 78, and doctor that of the first problem that it names.",
    ],
  },
  {
    name: "environment",
    summary: "Variables and settings.",
    intro: [
      "A flag counts first, then the environment, then config.toml in the home, then the default. For containers: help containers; for the way to a server: help network.",
    ],
    rows: variableRows(undefined),
  },
  {
    name: "network",
    summary: "TLS, proxies, and plain HTTP.",
    intro: [
      "With --tls-cert and --tls-key, collector and agent speak TLS; a new certificate is taken when its files change, and on SIGHUP. Behind a proxy, name it with --trust-proxy, or what it says of clients is not believed.",
    ],
    rows: variableRows("network"),
    outro: [
      "Servers elsewhere are asked through the proxy of HTTPS_PROXY or ALL_PROXY, in a tunnel that shows it no more than their names. What is meant for this machine never goes through a proxy, nor what goes over plain HTTP.",
    ],
  },
  {
    name: "files",
    summary: "What lies in the home.",
    intro: [
      "The home is ~/.spec-kitty, or where SPEC_KITTY_HOME or --home says. Only its owner may read it.",
    ],
    rows: [
      ["events.kv", "the queue (SQLite), with events.kv-wal and events.kv-shm"],
      [
        "clock.json",
        "the Lamport clock, shared with the Python command line",
      ],
      ["clock.lock", "held while clock or queue change"],
      ["spool/.poke", "touched by an emit to wake the agent"],
      ["spool/.hurry", "the same, where it waits for the server"],
      ["spool/", "drafts that wait to be taken in; see: help spool"],
      ["spool/rejected/", "drafts that never will be, each with its reason"],
      [
        "tally",
        "a letter for each event discarded (d), refused (r), lost (l)",
      ],
      ["reserve", "room that is given back when the disk is full"],
      ["config.toml", "settings, if you write one; see: help environment"],
      ["contracts/", "contracts of your own, a folder each"],
      ["credentials", "the login (TOML)"],
      ["credentials.lock", "held while it changes"],
      ["drain.lock", "held while events are sent"],
      ["agent.json", "what the agent says of itself"],
      ["agent.sock", "the agent's socket"],
      [".requests.sock", "between the parts of an agent that runs; and -here"],
      ["agent.lock", "held while an agent runs"],
      ["agent.token", "what an agent on TCP asks for"],
      ["collector/", "the data of a collector"],
      [
        "damaged-<time>/",
        "a queue that was proven damaged; what can still be read comes back with: queue import --from DIR",
      ],
      [
        "clock.json.damaged-<time>",
        "a clock that was proven damaged; the clock goes on from the queue's highest value",
      ],
    ],
  },
  {
    name: "containers",
    summary:
      "Where the home goes with its container: handing over to an agent.",
    intro: [
      "With SPEC_KITTY_AGENT_URL, emit hands each draft to an agent that lives longer. The draft is checked and gets its id here; clock and node are the agent's. A receipt then says queued, and via: the agent's address. What an agent does not take in time is spooled here, and handed over first by the next call.",
    ],
    rows: [
      ...variableRows("containers"),
      ["sync now", "hands over what waits in the spool"],
      ["doctor", "looks whether the agent answers, and takes the token"],
      [
        "agent run --listen ADDRESS",
        "is such an agent, with a volume for its home",
      ],
    ],
    example: [
      "export SPEC_KITTY_AGENT_TOKEN=$(openssl rand -hex 32)",
      "export SPEC_KITTY_TLS_CERT=agent.crt SPEC_KITTY_TLS_KEY=agent.key",
      "kitty-events agent run --listen 0.0.0.0:9464",
      "# in each container, with the same token:",
      "export SPEC_KITTY_AGENT_URL=https://agent.example.org:9464",
      "kitty-events emit history-added WP01 note hello --strict",
    ],
    outro: [
      "An event that is spooled without via goes with its container. At the end of a job: kitty-events sync now --timeout 1m.",
    ],
  },
  {
    name: "spool",
    summary: "Recording without running anything: a file in the spool.",
    intro: [
      "Any program may drop a draft into spool/ of the home. It writes .name.tmp there and renames it to name.json, so that it is never read half-written. The next run of kitty-events takes it in, in the order of the names.",
    ],
    rows: [
      ["event_type", "one of the eight, such as HistoryAdded"],
      ["payload", "the fields of that type; see: schema TYPE"],
      ["event_id", "a ULID; the same again makes a retry safe (a new one)"],
      ["causation_id", "ties the events of one batch together"],
      ["timestamp", "when it happened, RFC 3339 (time of the file)"],
      ["team_slug", "the team (that of the settings, or of the login)"],
      ["project_uuid, project_slug", "the project (none)"],
    ],
    example: [
      "umask 077",
      'spool="${SPEC_KITTY_HOME:-$HOME/.spec-kitty}/spool"; mkdir -p "$spool"',
      'echo \'{"event_type": "HistoryAdded", "payload": {"wp_id": "WP01",',
      '  "entry_type": "note", "entry_content": "hello"}}\' > "$spool/.1.tmp"',
      'mv "$spool/.1.tmp" "$spool/1.json"',
    ],
    outro: [
      "A draft that breaks the contract moves to spool/rejected/, with the reason beside it in name.json.reason.json.",
    ],
  },
];

/** The topic of a name; undefined where there is none. */
export function findTopic(name: string): Topic | undefined {
  return TOPICS.find((topic) => topic.name === name);
}
