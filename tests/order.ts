/** Which test files run alone, which take long, and in what order they begin. */

/** Files that measure time or memory: what runs beside them would be measured too. */
export const ALONE: ReadonlySet<string> = new Set([
  "lines_bounds_test.ts",
  "never_blocked_test.ts",
]);

/** Files that take longest, the longest first: each begins before all shorter ones. */
export const LONGEST: readonly string[] = [
  "fault_test.ts",
  "packaging/install_test.ts",
  "examples_test.ts",
  "delivery_crash_test.ts",
  "concurrency_test.ts",
  "fault_socket_test.ts",
  "readme_test.ts",
  "crash_test.ts",
  "cli/stream_test.ts",
  "cli/trouble_test.ts",
  "cli/doctor_test.ts",
  "delivery/slow_line_test.ts",
  "program/concurrency_test.ts",
  "delivery/poison_test.ts",
  "cli/queue_forms_test.ts",
  "home/queue_move_test.ts",
  "delivery/agent_test.ts",
];

/** Further files that are not for the loop at the desk. */
export const SLOW: ReadonlySet<string> = new Set([]);
