/** Which test files run alone, which take long, and in what order they begin. */

/** Files that measure time against time: what runs beside them would be measured too. */
export const ALONE: ReadonlySet<string> = new Set([
  "collector/accounts/sessions_test.ts",
  "stories/never_blocked_test.ts",
]);

/**
 * Files that mostly wait for clocks, the longest first: two at a time,
 * beside all others, as they leave the cores to them. Each in a process of its
 * own.
 */
export const WAITING: readonly string[] = [
  "board/live_test.ts",
  "delivery/slow_line_test.ts",
  "stories/silent_store_test.ts",
  "collector/sql/keeping_test.ts",
  "stories/revocation_test.ts",
  "cli/collector_doctor_test.ts",
  "cli/neighbour_test.ts",
  "collector/sinks/sinks_test.ts",
  "stories/silent_server_test.ts",
  "collector/events/kv_place_test.ts",
  "base/bounded_address_test.ts",
  "emit/emitter_test.ts",
  "stories/failover_test.ts",
  "collector/board/board_routes_test.ts",
  "collector/accounts/standing_test.ts",
  "base/bounded_server_test.ts",
  "route/acknowledged_test.ts",
];

/**
 * Files that take longest, the longest first: each begins before all shorter
 * ones, in a process of its own. And those that measure that process.
 */
export const LONGEST: readonly string[] = [
  "stories/shared_store_test.ts",
  "collector/sql/protocol_test.ts",
  "packaging/install_test.ts",
  "stories/fault_test.ts",
  "stories/failing_disk_test.ts",
  "board/page_test.ts",
  "stories/examples_test.ts",
  "cli/stream_test.ts",
  "collector/tls_test.ts",
  "stories/readme_test.ts",
  "stories/story_test.ts",
  "collector/sql/start_test.ts",
  "api/descriptions_test.ts",
  "delivery/poison_test.ts",
  "stories/key_test.ts",
  "collector/accounts/throttle_test.ts",
  "agent/agent_test.ts",
  "stories/fault_socket_test.ts",
  "collector/engine_test.ts",
  "stories/delivery_crash_test.ts",
  "stories/containers_test.ts",
  "cli/doctor_test.ts",
  "readers_test.ts",
  "collector/sockets/sockets_test.ts",
  "cli/trouble_test.ts",
  "collector/keeping/quota_test.ts",
  "home/queue_move_test.ts",
  "program/concurrency_test.ts",
  "stories/concurrency_test.ts",
  "stories/completeness_test.ts",
  "stories/crash_test.ts",
  "base/lines_bounds_test.ts",
];

/** Further files and folders that are not for the loop at the desk. */
export const SLOW: readonly string[] = [
  "board/dots_test.ts",
  "board/session_test.ts",
  "cli/auth_test.ts",
  "cli/commands_test.ts",
  "cli/emit_forms_test.ts",
  "cli/emit_test.ts",
  "cli/fault_test.ts",
  "cli/last_words_test.ts",
  "cli/outcome_test.ts",
  "cli/queue_forms_test.ts",
  "cli/read_only_test.ts",
  "cli/salvage_test.ts",
  "cli/sync_agent_test.ts",
  "cli/sync_test.ts",
  "collector/",
  "delivery/delivery_test.ts",
  "handover/",
  "login/http_client_test.ts",
  "login/insecure_http_test.ts",
  "stories/agent_crash_test.ts",
  "stories/behind_proxy_test.ts",
  "stories/full_collector_test.ts",
  "follow/",
  "home/queue_test.ts",
  "stories/isolation_test.ts",
  "packaging/",
  "patterns_test.ts",
  "program/",
  "proof/",
  "stories/secrets_test.ts",
  "base/shown_test.ts",
  "support/",
];

/**
 * Files that take long and hardly ever find anything: all of it is run where
 * that is asked for, or where they are named. Others are shorter otherwise:
 * whatever asks for `FULL` or `IS_FULL` of `support/needs.ts`.
 */
export const FULL_ONLY: ReadonlySet<string> = new Set([
  "board/firefox_test.ts",
  "collector/sinks/sink_commands_test.ts",
  "collector/sql/protocol_test.ts",
  "home/queue_move_test.ts",
  "packaging/install_test.ts",
  "packaging/publish_test.ts",
  "program/arm64_test.ts",
  "program/concurrency_test.ts",
  "program/proxy_test.ts",
  "program/readme_test.ts",
  "program/streams_test.ts",
  "program/system_calls_test.ts",
  "proof/proof_test.ts",
  "stories/board_history_test.ts",
  "stories/compose_test.ts",
  "stories/mixed_queue_test.ts",
  "stories/shared_store_test.ts",
]);
