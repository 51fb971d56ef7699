/**
 * All event types. One that is missing here, or of which a piece is missing,
 * is a type error.
 *
 * @module
 */

import type { EventType, PayloadOf } from "../../contract/contract.ts";
import type {
  Aggregate,
  EmitCommand,
  EventTypeDefinition,
  PackageChange,
} from "./definition.ts";
import * as wpStatusChanged from "./wp_status_changed.ts";
import * as wpCreated from "./wp_created.ts";
import * as wpAssigned from "./wp_assigned.ts";
import * as featureCreated from "./feature_created.ts";
import * as featureCompleted from "./feature_completed.ts";
import * as historyAdded from "./history_added.ts";
import * as errorLogged from "./error_logged.ts";
import * as dependencyResolved from "./dependency_resolved.ts";

/** By their names, in the order of the help. */
const DEFINITIONS = {
  WPStatusChanged: wpStatusChanged.definition,
  WPCreated: wpCreated.definition,
  WPAssigned: wpAssigned.definition,
  FeatureCreated: featureCreated.definition,
  FeatureCompleted: featureCompleted.definition,
  HistoryAdded: historyAdded.definition,
  ErrorLogged: errorLogged.definition,
  DependencyResolved: dependencyResolved.definition,
} satisfies { [T in EventType]: EventTypeDefinition<T> };

/** An event or a draft, as far as its type decides about it. */
export type Typed = {
  [T in EventType]: { readonly event_type: T; readonly payload: PayloadOf[T] };
}[EventType];

/** The definition that takes the payload of this very event. */
function definitionOf({ event_type }: Typed): EventTypeDefinition<never> {
  return DEFINITIONS[event_type] as unknown as EventTypeDefinition<never>;
}

/** What an event is about. */
export function aggregateOf(event: Typed): Aggregate {
  return definitionOf(event).aggregate(event.payload as never);
}

/** An event in a few words. */
export function briefOf(event: Typed): string {
  return definitionOf(event).brief(event.payload as never);
}

/** What an event changes on a board; undefined where that is nothing. */
export function changeOf(event: Typed): PackageChange | undefined {
  return definitionOf(event).change?.(event.payload as never);
}

/** All of them as commands. */
export const EMIT_COMMANDS: readonly EmitCommand[] = Object
  .values(DEFINITIONS).map(({ command }) => command);
