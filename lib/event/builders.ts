/**
 * The builders: what a caller tells, as a draft. Each stands with all else
 * that there is to say of its event type.
 *
 * @module
 */

export type { EventOptions } from "./types/definition.ts";
export { wpStatusChanged } from "./types/wp_status_changed.ts";
export { wpCreated } from "./types/wp_created.ts";
export { wpAssigned } from "./types/wp_assigned.ts";
export { featureCreated } from "./types/feature_created.ts";
export { featureCompleted } from "./types/feature_completed.ts";
export { historyAdded } from "./types/history_added.ts";
export { errorLogged } from "./types/error_logged.ts";
export { dependencyResolved } from "./types/dependency_resolved.ts";
