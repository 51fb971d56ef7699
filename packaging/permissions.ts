/**
 * The rights that are baked into the program: the least that it can do its
 * work with. It can never start another program, and never asks for more.
 *
 * @module
 */

/** Variables that the program reads; those of the machine's proxies are read by the runtime itself. */
export const VARIABLES: readonly string[] = [
  "SPEC_KITTY_HOME",
  "SPEC_KITTY_NODE_ID",
  "SPEC_KITTY_TEAM_SLUG",
  "SPEC_KITTY_SERVER_URL",
  "SPEC_KITTY_ACCESS_TOKEN",
  "SPEC_KITTY_REFRESH_TOKEN",
  "SPEC_KITTY_TIMEOUT",
  "SPEC_KITTY_MAX_QUEUE_SIZE",
  "SPEC_KITTY_MAX_QUEUE_BYTES",
  "SPEC_KITTY_DISABLED",
  // Who the user is, and where at home.
  "HOME",
  "USERPROFILE",
  "LOGNAME",
  "USER",
  "LNAME",
  "USERNAME",
  // Of the runtime: taken away, as they would move the queue, and set, to trust the system's certificates.
  "DENO_KV_DB_MODE",
  "DENO_KV_PATH_PREFIX",
  "DENO_TLS_CA_STORE",
  "NO_COLOR",
  "CLICOLOR_FORCE",
];

/**
 * Flags of `deno compile`. Reading and writing cannot be narrowed to the home:
 * that is known only when the program runs.
 */
export const PERMISSION_FLAGS: readonly string[] = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  `--allow-env=${VARIABLES.join(",")}`,
  "--allow-sys=hostname,uid,userInfo,statfs",
  "--deny-run",
  "--deny-ffi",
  "--no-prompt",
];
