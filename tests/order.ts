/** Which test files run alone, which take long, and in what order they begin. */

/** Files that measure time or memory: what runs beside them would be measured too. */
export const ALONE: ReadonlySet<string> = new Set([
  "base/lines_bounds_test.ts",
  "collector/accounts/sessions_test.ts",
  "readers_test.ts",
  "stories/never_blocked_test.ts",
]);

/** Files that take longest, the longest first: each begins before all shorter ones. */
export const LONGEST: readonly string[] = [
  "stories/fault_test.ts",
  "stories/failing_disk_test.ts",
  "stories/completeness_test.ts",
  "packaging/install_test.ts",
  "stories/examples_test.ts",
  "stories/delivery_crash_test.ts",
  "board/page_test.ts",
  "stories/concurrency_test.ts",
  "stories/fault_socket_test.ts",
  "stories/readme_test.ts",
  "stories/crash_test.ts",
  "cli/stream_test.ts",
  "collector/accounts/throttle_test.ts",
  "stories/revocation_test.ts",
  "stories/key_test.ts",
  "cli/trouble_test.ts",
  "cli/doctor_test.ts",
  "delivery/slow_line_test.ts",
  "program/concurrency_test.ts",
  "delivery/poison_test.ts",
  "cli/queue_forms_test.ts",
  "home/queue_move_test.ts",
  "agent/agent_test.ts",
];

/** Further files and folders that are not for the loop at the desk. */
export const SLOW: readonly string[] = [
  "base/bounded_server_test.ts",
  "api/descriptions_test.ts",
  "board/live_test.ts",
  "cli/auth_test.ts",
  "cli/commands_test.ts",
  "cli/emit_forms_test.ts",
  "cli/emit_test.ts",
  "cli/fault_test.ts",
  "cli/neighbour_test.ts",
  "cli/outcome_test.ts",
  "cli/read_only_test.ts",
  "cli/salvage_test.ts",
  "cli/sync_agent_test.ts",
  "cli/sync_test.ts",
  "collector/",
  "route/acknowledged_test.ts",
  "delivery/delivery_test.ts",
  "login/http_client_test.ts",
  "emit/emitter_test.ts",
  "home/queue_test.ts",
  "stories/isolation_test.ts",
  "packaging/",
  "patterns_test.ts",
  "program/",
  "proof/",
  "stories/secrets_test.ts",
  "base/shown_test.ts",
  "stories/story_test.ts",
  "support/",
];
