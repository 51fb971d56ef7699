/**
 * What an event tells of a board, whatever its contract: the only place that
 * looks into documents.
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "../base/json.ts";
import { instantOf } from "../contract/rows/times.ts";
import { boardChangeOf } from "../event/change.ts";
import type { Phase } from "./answers.ts";

/** What it is that work packages belong to; empty texts where an event does not say. */
export interface Owner {
  readonly kind: "feature" | "mission";
  readonly id: string;
  readonly slug: string;
}

/** What an event tells; empty texts where it does not say. */
export interface Facts {
  readonly id: string;
  readonly source: string;
  readonly node: string;
  readonly clock: number;
  /** Milliseconds since 1970, and the nanoseconds behind them. */
  readonly timeMs: number;
  readonly nanos: number;
  /** The type's name, without the prefix of its contract. */
  readonly type: string;
  /** Undefined where it is about no feature and no mission. */
  readonly owner: Owner | undefined;
  readonly package: string;
  readonly actor: string;
  /** Of a move. */
  readonly from: string;
  /** Of a move, and of a creation. */
  readonly to: string;
  readonly isCreation: boolean;
  /** What only few events tell. */
  readonly more: More | undefined;
}

/** What only few events tell. */
export interface More {
  readonly title?: string;
  readonly dependsOn?: readonly string[];
  /** A package that is not waited for any more. */
  readonly resolved?: string;
  readonly error?: string;
  /** State by subtask. */
  readonly subtasks?: Readonly<Record<string, string>>;
  readonly agent?: string;
  readonly model?: string;
  readonly phase?: Phase;
}

/** Longest texts of which anything is kept. */
const TITLE_CHARS_MAX = 300, ERROR_CHARS_MAX = 500, NAME_CHARS_MAX = 200;

/** Most dependencies and subtasks of an event that are looked at. */
const DEPENDENCIES_MAX = 100, SUBTASKS_MAX = 1_000;

/** What an event tells. */
export function factsOf(document: JsonObject): Facts {
  return Object.hasOwn(document, "event_type")
    ? ofEnvelope(document)
    : ofRow(document);
}

function ofEnvelope(document: JsonObject): Facts {
  const { event_id, node_id, lamport_clock, timestamp } = document;
  const payload = objectOf(document.payload);
  const change = boardChangeOf(document);
  const type = textOf(document.event_type);
  const feature = change?.feature || textOf(payload.feature_slug);
  const name = textOf(change?.wpId ?? payload.wp_id);
  return {
    id: textOf(event_id),
    source: "",
    node: textOf(node_id),
    clock: numberOf(lamport_clock),
    ...timeOf(timestamp),
    type,
    owner: feature === "" && name === ""
      ? undefined
      : { kind: "feature", id: "", slug: short(feature, NAME_CHARS_MAX) },
    package: short(name, NAME_CHARS_MAX),
    actor: short(
      textOf(payload.changed_by ?? payload.author ?? payload.agent_id),
      NAME_CHARS_MAX,
    ),
    from: textOf(payload.previous_status),
    to: change?.status ?? "",
    isCreation: change?.isCreation ?? false,
    more: moreOfEnvelope(type, payload),
  };
}

function moreOfEnvelope(type: string, payload: JsonObject): More | undefined {
  switch (type) {
    case "WPCreated":
      return {
        title: short(textOf(payload.title), TITLE_CHARS_MAX),
        dependsOn: textsOf(payload.dependencies),
      };
    case "WPAssigned":
      return payload.phase === "review" ? undefined : agentOf(payload.agent_id);
    case "FeatureCreated":
      return { phase: "created" };
    case "FeatureCompleted":
      return { phase: "done" };
    case "ErrorLogged":
      return { error: short(textOf(payload.error_message), ERROR_CHARS_MAX) };
    case "DependencyResolved":
      return { resolved: textOf(payload.dependency_wp_id) };
    default:
      return undefined;
  }
}

/** Before the names of the producer contract's types. */
const PREFIX = "ai.spec-kitty.";

function ofRow(document: JsonObject): Facts {
  const { id, source, nodeid, lamportclock, time, subject } = document;
  const data = objectOf(document.data);
  const change = boardChangeOf(document);
  const whole = textOf(document.type);
  const type = whole.startsWith(PREFIX) ? whole.slice(PREFIX.length) : whole;
  const owner = ownerOf(document, data);
  const about = change?.wpId ??
    (data.wp_id === undefined && !isInner(type)
      ? ""
      : textOf(subject) || textOf(data.wp_id));
  return {
    id: textOf(id),
    source: textOf(source),
    node: textOf(nodeid),
    clock: numberOf(lamportclock),
    ...timeOf(time),
    type,
    owner: owner.id === "" && owner.slug === "" && about === ""
      ? undefined
      : owner,
    package: short(about, NAME_CHARS_MAX),
    actor: short(textOf(document.actor ?? data.actor), NAME_CHARS_MAX),
    from: textOf(data.from_lane),
    to: change?.status ?? "",
    isCreation: change?.isCreation ?? false,
    more: moreOfRow(type, data, document),
  };
}

function ownerOf(document: JsonObject, data: JsonObject): Owner {
  const id = textOf(document.missionid ?? data.mission_id);
  const slug = textOf(document.missionslug ?? data.mission_slug);
  return {
    kind: "mission",
    id: short(id, NAME_CHARS_MAX),
    slug: short(slug, NAME_CHARS_MAX),
  };
}

/** Whether rows of a type tell of a package by their subject alone. */
function isInner(type: string): boolean {
  return type.startsWith("wp.");
}

/** The phase into which an event brings its mission. */
const PHASES: Readonly<Record<string, Phase>> = {
  "mission.created": "created",
  "mission.specify.started": "specifying",
  "mission.specify.completed": "specified",
  "mission.plan.started": "planning",
  "mission.plan.completed": "planned",
  "mission.tasks.started": "tasking",
  "mission.tasks.completed": "ready",
};

function moreOfRow(
  type: string,
  data: JsonObject,
  { actor }: JsonObject,
): More | undefined {
  const name = type.replace(/\.v\d{1,9}$/, "");
  if (data.to_lane !== undefined) {
    const { tool, model } = objectOf(data.actorbinding);
    const isBlocked = data.to_lane === "blocked" && textOf(data.reason) !== "";
    return {
      ...agentOf(tool || actor),
      ...modelOf(model),
      ...isBlocked && { error: short(textOf(data.reason), ERROR_CHARS_MAX) },
    };
  }
  if (name === "wp.created") {
    return {
      title: short(textOf(data.wp_title), TITLE_CHARS_MAX),
      dependsOn: textsOf(data.depends_on),
    };
  }
  if (isJsonObject(data.delta)) return ofDelta(data.delta);
  const phase = Object.hasOwn(PHASES, name) ? PHASES[name]! : undefined;
  if (!phase) return undefined;
  const title = short(textOf(data.friendly_name), TITLE_CHARS_MAX);
  return { phase, ...title !== "" && { title } };
}

/** What has changed of a package without moving it. */
function ofDelta({ agent, assignee, model, subtasks }: JsonObject): More {
  const states = Object.entries(objectOf(subtasks)).slice(0, SUBTASKS_MAX)
    .map(([name, state]) =>
      [short(name, NAME_CHARS_MAX), textOf(state)] as const
    );
  return {
    ...agentOf(agent ?? assignee),
    ...modelOf(model),
    ...states.length > 0 && { subtasks: Object.fromEntries(states) },
  };
}

/** Who works: alone, or as `tool:model:profile:role`. */
function agentOf(name: unknown): Pick<More, "agent" | "model"> {
  const text = short(textOf(name), NAME_CHARS_MAX);
  const parts = text.split(":");
  if (parts.length !== 4 || !parts[0]) {
    return text === "" ? {} : { agent: text };
  }
  return { agent: parts[0], ...modelOf(parts[1]) };
}

const NANOS_PER_MS = 1_000_000n;

/** Digits of a fraction that are milliseconds, and all that are looked at. */
const MS_DIGITS = 3, NANO_DIGITS = 9;

/** What the runtime reads as contracts do; of other forms it makes something else. */
const USUAL_TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]{8,}(?:Z|[+-]\d{2}:\d{2})$/;

/** Where a time cannot be read, it counts as the beginning of 1970. */
function timeOf(time: unknown): { timeMs: number; nanos: number } {
  const text = textOf(time);
  // What is written in another way, or is a leap second, is rare, and takes longer.
  const timeMs = USUAL_TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(timeMs)) return instantIn(text);
  const dot = text.indexOf(".");
  if (dot < 0) return { timeMs, nanos: 0 };
  let nanos = 0;
  for (let i = 1; i <= NANO_DIGITS; i++) {
    const digit = text.charCodeAt(dot + i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return { timeMs, nanos };
    if (i > MS_DIGITS) nanos += digit * 10 ** (NANO_DIGITS - i);
  }
  return { timeMs, nanos };
}

function instantIn(text: string): { timeMs: number; nanos: number } {
  const instant = instantOf(text);
  if (instant === undefined) return { timeMs: 0, nanos: 0 };
  const nanos = ((instant % NANOS_PER_MS) + NANOS_PER_MS) % NANOS_PER_MS;
  return {
    timeMs: Number((instant - nanos) / NANOS_PER_MS),
    nanos: Number(nanos),
  };
}

/** A model by name; tools write marks such as `__resolved_model_absent__` where they know none. */
function modelOf(value: unknown): Pick<More, "model"> {
  const text = short(textOf(value), NAME_CHARS_MAX);
  return text === "" || text.startsWith("__") ? {} : { model: text };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function textsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const texts = value.filter((one) => typeof one === "string")
    .map((one) => short(one, NAME_CHARS_MAX));
  return [...new Set(texts)].slice(0, DEPENDENCIES_MAX);
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function short(text: string, charsMax: number): string {
  return text.length > charsMax
    ? `${text.slice(0, charsMax - 1)}…`.toWellFormed()
    : text;
}
