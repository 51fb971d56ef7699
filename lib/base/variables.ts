/**
 * The variables of the environment that the program reads: the one list from
 * which the help, the doctor and the rights of the compiled program are made.
 * Code that reads one names it again, so that an `emit` need not load the list;
 * a test compares.
 *
 * @module
 */

/**
 * Whose a variable is: `own` has a meaning for this program alone, `common`
 * for many programs, `user` says who the user is, and `dropped` would move or
 * weaken every Deno KV of a process, so the program takes it away for itself.
 */
export type VariableKind = "own" | "common" | "user" | "dropped";

/** A variable. */
export interface Variable {
  readonly name: string;
  readonly kind: VariableKind;
  /** What it does, with the default in brackets; absent where it is not for setting. */
  readonly meaning?: string;
  /** Its value must stay secret. */
  readonly isSecret?: true;
}

/** All of them; those of the machine's proxies are read by the runtime itself. */
export const VARIABLES: readonly Variable[] = [
  {
    name: "SPEC_KITTY_HOME",
    kind: "own",
    meaning: "folder of queue and clock (~/.spec-kitty)",
  },
  {
    name: "SPEC_KITTY_SERVER_URL",
    kind: "own",
    meaning: "where events are sent; [sync] server_url (that of the login)",
  },
  {
    name: "SPEC_KITTY_SINK_URL",
    kind: "own",
    meaning: "CloudEvents go there, and to no server; [sync] sink_url",
  },
  {
    name: "SPEC_KITTY_SINK_TOKEN",
    kind: "own",
    meaning: "bearer token for it",
    isSecret: true,
  },
  {
    name: "SPEC_KITTY_SINK_FORMAT",
    kind: "own",
    meaning: "batch or structured; [sync] sink_format (batch)",
  },
  {
    name: "SPEC_KITTY_CA_FILE",
    kind: "own",
    meaning:
      "certificates (PEM) that are trusted besides the system's, as those of a company; [sync] ca_file",
  },
  {
    name: "SPEC_KITTY_TEAM_SLUG",
    kind: "own",
    meaning: "team of the events; [sync] team_slug (the login's)",
  },
  {
    name: "SPEC_KITTY_TOKEN",
    kind: "own",
    meaning: "a key in place of a login, as in a CI job",
    isSecret: true,
  },
  {
    name: "SPEC_KITTY_TOKEN_FILE",
    kind: "own",
    meaning: "file with that key",
  },
  {
    name: "SPEC_KITTY_ACCESS_TOKEN",
    kind: "own",
    meaning: "a token in place of a login, good for minutes",
    isSecret: true,
  },
  {
    name: "SPEC_KITTY_REFRESH_TOKEN",
    kind: "own",
    meaning: "renews it; good once, so not for many jobs",
    isSecret: true,
  },
  {
    name: "SPEC_KITTY_TIMEOUT",
    kind: "own",
    meaning: "time for one emit or group; [emit] timeout (2s)",
  },
  {
    name: "SPEC_KITTY_CONTRACT",
    kind: "own",
    meaning: "contract of all drafts; [emit] contract (any)",
  },
  {
    name: "SPEC_KITTY_MAX_QUEUE_SIZE",
    kind: "own",
    meaning: "events, dead letters included; [sync] max_queue_size (100000)",
  },
  {
    name: "SPEC_KITTY_MAX_QUEUE_BYTES",
    kind: "own",
    meaning: "their bytes; [sync] max_queue_bytes (1073741824)",
  },
  {
    name: "SPEC_KITTY_NODE_ID",
    kind: "own",
    meaning:
      "id of this machine and user, for containers with a fixed host name and a throw-away home (computed)",
  },
  { name: "SPEC_KITTY_DISABLED", kind: "own", meaning: "record nothing" },
  {
    name: "DENO_TLS_CA_STORE",
    kind: "common",
    meaning:
      "whose certificates are trusted: mozilla, system (this machine's), or both (mozilla,system)",
  },
  {
    name: "NO_PROXY",
    kind: "common",
    meaning:
      "servers that are asked without the proxy of HTTPS_PROXY or ALL_PROXY, as host,.domain,address/bits; those on this machine always are",
  },
  {
    name: "NO_COLOR",
    kind: "common",
    meaning: "no colours, whatever the terminal",
  },
  {
    name: "CLICOLOR_FORCE",
    kind: "common",
    meaning: "colours, even into a pipe or a file",
  },
  {
    name: "TERM",
    kind: "common",
    meaning: "dumb: a terminal that shows no colours",
  },
  { name: "XDG_RUNTIME_DIR", kind: "common" },
  { name: "TMPDIR", kind: "common" },
  { name: "HOME", kind: "user" },
  { name: "USERPROFILE", kind: "user" },
  { name: "LOGNAME", kind: "user" },
  { name: "USER", kind: "user" },
  { name: "LNAME", kind: "user" },
  { name: "USERNAME", kind: "user" },
  { name: "DENO_KV_DB_MODE", kind: "dropped" },
  { name: "DENO_KV_PATH_PREFIX", kind: "dropped" },
];

/** Names of the variables of a kind. */
export function variablesOf(kind: VariableKind): string[] {
  return VARIABLES.filter((variable) => variable.kind === kind)
    .map(({ name }) => name);
}
