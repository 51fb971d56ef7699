/**
 * A tour of the program in a temporary home: all eight event types and an
 * invalid one, then clock, queue and an export.
 *
 *     deno task demo
 *
 * @module
 */

const MAIN = decodeURIComponent(
  new URL("../main.ts", import.meta.url).pathname,
);
const home = await Deno.makeTempDir({ prefix: "kitty-events-demo-" });

/** Command lines of the tour, as one would type them. */
const TOUR: readonly (readonly string[])[] = [
  [
    "emit",
    "feature-created",
    "028-x",
    "--number",
    "028",
    "--target-branch",
    "main",
    "--wp-count",
    "2",
  ],
  ["emit", "wp-created", "WP01", "Parse the header", "--feature", "028-x"],
  [
    "emit",
    "wp-created",
    "WP02",
    "Write the header",
    "--feature",
    "028-x",
    "--depends-on",
    "WP01",
  ],
  ["emit", "wp-assigned", "WP01", "claude", "implementation"],
  [
    "emit",
    "wp-status-changed",
    "WP01",
    "planned",
    "doing",
    "--changed-by",
    "claude",
  ],
  [
    "emit",
    "error-logged",
    "runtime",
    "The build ran out of memory",
    "--wp",
    "WP01",
  ],
  [
    "emit",
    "history-added",
    "WP01",
    "note",
    "Built again with less parallelism",
  ],
  ["emit", "dependency-resolved", "WP02", "WP01", "completed"],
  ["emit", "feature-completed", "028-x", "--total-wps", "2", "--json"],
  ["emit", "wp-status-changed", "WP01", "doing", "don"],
  ["clock", "show", "--json"],
  ["queue", "stats"],
  ["queue", "list"],
  ["queue", "export"],
];

try {
  for (const args of TOUR) {
    console.log(`\n$ kitty-events ${args.map(quoted).join(" ")}`);
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", MAIN, ...args],
      env: { SPEC_KITTY_HOME: home },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (code !== 0) throw new Error(`exit code ${code}`);
  }
} finally {
  await Deno.remove(home, { recursive: true });
}

/** An argument as a shell needs it. */
function quoted(text: string): string {
  return /^[\w./=-]+$/.test(text) ? text : `"${text}"`;
}
