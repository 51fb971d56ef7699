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
  /** The topic of the help that says more of it, where that is not the one of all variables. */
  readonly topic?: "containers" | "network";
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
    topic: "network",
  },
  {
    name: "SPEC_KITTY_TEAM_SLUG",
    kind: "own",
    meaning: "team of the events; [sync] team_slug (the login's)",
  },
  {
    name: "SPEC_KITTY_TOKEN",
    kind: "own",
    meaning: "a collector's token in place of a login, as in a CI job",
    isSecret: true,
  },
  {
    name: "SPEC_KITTY_TOKEN_FILE",
    kind: "own",
    meaning: "file with that token",
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
    name: "SPEC_KITTY_GATHER",
    kind: "own",
    meaning: "for how long an agent gathers what it sends; [sync] gather",
  },
  {
    name: "SPEC_KITTY_NODE_ID",
    kind: "own",
    meaning:
      "id of this machine and user, for containers with a fixed host name and a throw-away home (computed)",
  },
  {
    name: "SPEC_KITTY_STORE_URL",
    kind: "own",
    meaning:
      "the PostgreSQL of a collector, as postgres://user:password@host/database (the collector's home)",
    isSecret: true,
  },
  {
    name: "SPEC_KITTY_AGENT_URL",
    kind: "own",
    meaning:
      "an agent that takes what is recorded, as https://HOST:PORT or unix:/PATH (none: it is queued here)",
    topic: "containers",
  },
  {
    name: "SPEC_KITTY_AGENT_TOKEN",
    kind: "own",
    meaning:
      "what it asks for; of an agent itself: those that it takes, with commas between",
    isSecret: true,
    topic: "containers",
  },
  {
    name: "SPEC_KITTY_AGENT_TOKEN_FILE",
    kind: "own",
    meaning: "file with such tokens, a line each",
    topic: "containers",
  },
  {
    name: "SPEC_KITTY_TLS_CERT",
    kind: "own",
    meaning: "as --tls-cert of collector run and agent run",
    topic: "network",
  },
  {
    name: "SPEC_KITTY_TLS_KEY",
    kind: "own",
    meaning: "as --tls-key",
    topic: "network",
  },
  {
    name: "SPEC_KITTY_TRUST_PROXY",
    kind: "own",
    meaning: "as --trust-proxy, with commas between",
    topic: "network",
  },
  {
    name: "SPEC_KITTY_INSECURE_HTTP",
    kind: "own",
    meaning:
      "1: plain HTTP to other machines, for private networks of containers; [sync] insecure_http (0)",
    topic: "network",
  },
  { name: "SPEC_KITTY_DISABLED", kind: "own", meaning: "record nothing" },
  {
    name: "DENO_TLS_CA_STORE",
    kind: "common",
    meaning:
      "whose certificates are trusted: mozilla, system (this machine's), or both (mozilla,system)",
    topic: "network",
  },
  {
    name: "NO_PROXY",
    kind: "common",
    meaning:
      "servers that are asked without the proxy of HTTPS_PROXY or ALL_PROXY, as host,.domain,address/bits; those on this machine always are",
    topic: "network",
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
  // What speaks with a store asks for them, though they have no effect.
  { name: "PGAPPNAME", kind: "common" },
  { name: "PGTARGETSESSIONATTRS", kind: "common" },
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
