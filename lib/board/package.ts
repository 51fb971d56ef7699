/**
 * A work package: its state from its events alone.
 *
 * @module
 */

import type { PackageAnswer } from "./answers.ts";
import type { EventTable } from "./event_table.ts";
import type { History } from "./history.ts";
import { reviewOf, roleOf } from "./lanes.ts";

/** The lane of a package of which no event tells one. */
export const FIRST_LANE = "planned";

/** Actors that are the tools themselves: they move packages, but have none in hand. */
const TOOLS: ReadonlySet<string> = new Set([
  "finalize-tasks",
  "implement-command",
  "merge",
  "migration",
  "orchestrator",
  "coordinator",
  "unknown",
]);

/** What a package is. Nothing of other packages is in it. */
export interface PackageState {
  readonly title: string;
  readonly lane: string;
  /** Milliseconds since 1970; undefined where no event has told its lane. */
  readonly laneSinceMs: number | undefined;
  readonly agent: string;
  readonly model: string;
  readonly subtasks: ReadonlyMap<string, string>;
  readonly dependsOn: readonly string[];
  readonly resolved: ReadonlySet<string>;
  readonly sentBack: number;
  readonly lastError: PackageAnswer["last_error"];
  /** Milliseconds since 1970. */
  readonly changedMs: number;
}

/** The state of a package after all of its events. */
export function stateOf(table: EventTable, history: History): PackageState {
  const folding = new Folding();
  for (const row of history.rows) folding.add(table, row);
  return folding.state;
}

/** Most subtasks of a package that are counted. */
const NAMES_MAX = 1_000;

/** A hundred thousand packages share what most of them have none of. */
const NO_SUBTASKS: ReadonlyMap<string, string> = new Map();
const NONE_RESOLVED: ReadonlySet<string> = new Set();
const NO_DEPENDENCIES: readonly string[] = [];

class Folding {
  #title = "";
  #lane = FIRST_LANE;
  #laneSinceMs: number | undefined = undefined;
  #ownSubtasks: Map<string, string> | undefined;
  #dependsOn = NO_DEPENDENCIES;
  #ownResolved: Set<string> | undefined;
  #sentBack = 0;
  #lastError: PackageAnswer["last_error"] = null;
  #changedMs = -Infinity;
  #hasMoved = false;
  readonly #hands = new Hands();

  get state(): PackageState {
    return {
      title: this.#title,
      lane: this.#lane,
      laneSinceMs: this.#laneSinceMs,
      ...this.#hands.now,
      subtasks: this.#ownSubtasks ?? NO_SUBTASKS,
      dependsOn: this.#dependsOn,
      resolved: this.#ownResolved ?? NONE_RESOLVED,
      sentBack: this.#sentBack,
      lastError: this.#lastError,
      changedMs: this.#changedMs,
    };
  }

  add(table: EventTable, row: number): void {
    if (table.isMove(row)) this.#move(table, row);
    else if (table.isCreation(row)) this.#create(table, row);
    this.#hands.learn(table, row);
    this.#learn(table, row);
    this.#changedMs = Math.max(this.#changedMs, table.timeMs(row));
  }

  #move(table: EventTable, row: number): void {
    const to = table.to(row);
    if (reviewOf(table.from(row), to) === "sent back") this.#sentBack++;
    if (to !== this.#lane || this.#laneSinceMs === undefined) {
      this.#laneSinceMs = table.timeMs(row);
    }
    this.#lane = to;
    this.#hasMoved = true;
  }

  /** A creation that comes behind a move says nothing of the lane. */
  #create(table: EventTable, row: number): void {
    if (this.#hasMoved) return;
    this.#lane = table.to(row);
    this.#laneSinceMs ??= table.timeMs(row);
  }

  #learn(table: EventTable, row: number): void {
    const more = table.more(row);
    if (!more) return;
    this.#title = more.title || this.#title;
    this.#dependsOn = more.dependsOn ?? this.#dependsOn;
    if (more.resolved) {
      this.#ownResolved ??= new Set();
      this.#ownResolved.add(more.resolved);
    }
    for (const [name, state] of Object.entries(more.subtasks ?? {})) {
      this.#ownSubtasks ??= new Map();
      const isRoom = this.#ownSubtasks.size < NAMES_MAX ||
        this.#ownSubtasks.has(name);
      if (isRoom) this.#ownSubtasks.set(name, state);
    }
    if (more.error !== undefined) {
      this.#lastError = { at: table.time(row), message: more.error };
    }
  }
}

/** Who has something in hand. */
export interface InHands {
  readonly agent: string;
  readonly model: string;
}

/** In whose hands a package is. Whoever takes it has it until somebody else does. */
export class Hands {
  now: InHands = { agent: "", model: "" };
  /** Before the last event. */
  before: InHands = this.now;

  learn(table: EventTable, row: number): void {
    this.before = this.now;
    const agent = table.agent(row), model = table.model(row);
    if (!table.isMove(row)) {
      if (agent === "" && model === "") return;
      this.#take(agent || this.now.agent, model);
    } else if (roleOf(table.to(row)) === "doing") {
      this.#take(agent || table.actors.textOf(table.actor(row)), model);
    }
  }

  #take(agent: string, model: string): void {
    if (agent === "" || TOOLS.has(agent.split(":", 1)[0]!)) {
      if (model !== "" && agent === "") this.now = { agent, model };
      return;
    }
    const known = agent === this.now.agent ? this.now.model : "";
    this.now = { agent, model: model || known };
  }
}
