/**
 * What the board's paths answer, in the words of their JSON. The page is made
 * of these and nothing else, so it imports the types of this file only.
 *
 * Times are ISO 8601 in UTC, durations milliseconds, positions those of the
 * team's events in order of arrival.
 *
 * @module
 */

/** What a lane means, whatever its contract calls it. */
export type LaneRole = "todo" | "doing" | "review" | "done" | "halted";

/** A lane of a contract. */
export interface LaneAnswer {
  readonly id: string;
  /** For people, such as `In progress`. */
  readonly label: string;
  readonly role: LaneRole;
}

/** How far a mission is. */
export type Phase =
  | "created"
  | "specifying"
  | "specified"
  | "planning"
  | "planned"
  | "tasking"
  | "ready"
  | "in progress"
  | "done";

/** A mission, or a feature of the first contract. */
export interface MissionAnswer {
  /** Names it in addresses: the mission's id, else its slug. */
  readonly key: string;
  readonly kind: "mission" | "feature";
  readonly id: string | null;
  readonly slug: string;
  /** Its friendly name where it has one, else its slug. */
  readonly title: string;
  readonly phase: Phase;
  /** Its contract's, in order. */
  readonly lanes: readonly LaneAnswer[];
  /** Work packages by lane; lanes without any are left out. */
  readonly counts: Readonly<Record<string, number>>;
  readonly packages: number;
  /** Those in a lane of the role `done`. */
  readonly done: number;
  /** Who has packages in hand that are being done or reviewed; at most ten. */
  readonly workers: readonly string[];
  readonly created_at: string | null;
  /** Time of its last event. */
  readonly changed_at: string;
  /** One past the position of the event that arrived last. */
  readonly revision: number;
}

/** `GET /api/v1/missions/`: a page of them. */
export interface MissionsAnswer {
  /** Number of the team's events that this tells of. */
  readonly position: number;
  readonly missions: readonly MissionAnswer[];
  /** Missions that the filter lets through. */
  readonly total: number;
  /** Missions in all. */
  readonly all: number;
  readonly next_cursor: string | null;
}

/** A work package as a card. */
export interface PackageAnswer {
  readonly id: string;
  /** Empty where no event has told it. */
  readonly title: string;
  readonly lane: string;
  /** When it came into its lane. */
  readonly lane_since: string | null;
  /** The agent or person who has it, and with which model. */
  readonly agent: string | null;
  readonly model: string | null;
  readonly subtasks_done: number;
  readonly subtasks: number;
  readonly dependencies: readonly DependencyAnswer[];
  /** How often a review sent it back. */
  readonly sent_back: number;
  readonly last_error: ErrorAnswer | null;
  readonly events: number;
  readonly changed_at: string;
  /** One past the position of the event that arrived last. */
  readonly revision: number;
}

/** A package that another one waits for. */
export interface DependencyAnswer {
  readonly id: string;
  readonly is_met: boolean;
}

/** Something that went wrong. */
export interface ErrorAnswer {
  readonly at: string;
  /** At most 500 characters of it. */
  readonly message: string;
}

/** `GET /api/v1/missions/{mission}/`; with `since`, only packages of a later revision. */
export interface BoardAnswer {
  readonly position: number;
  readonly mission: MissionAnswer;
  readonly packages: readonly PackageAnswer[];
  /** False where packages are left out because they have not changed. */
  readonly is_whole: boolean;
}

/** `GET /api/v1/missions/{mission}/work-packages/{id}/`: its story. */
export interface StoryAnswer {
  readonly position: number;
  readonly mission: MissionAnswer;
  readonly package: PackageAnswer;
  /** In the order that counts, oldest first. */
  readonly events: readonly StoryEvent[];
  readonly next_cursor: string | null;
}

/** An event of a story. */
export interface StoryEvent {
  readonly position: number;
  readonly line: EventLine;
  /** The envelope or the row, as it is stored. */
  readonly event: Readonly<Record<string, unknown>>;
}

/** An event in one line, whatever its contract. */
export interface EventLine {
  readonly position: number;
  readonly id: string;
  readonly at: string;
  readonly type: string;
  /** Key of its mission; null where it belongs to none. */
  readonly mission: string | null;
  readonly mission_slug: string | null;
  readonly package: string | null;
  readonly actor: string | null;
  readonly node: string;
  readonly clock: number;
  /** Of an event that moves a package. */
  readonly from_lane: string | null;
  readonly to_lane: string | null;
}

/**
 * `GET /api/v1/board/events/`: lines of the events that a filter lets through.
 *
 * Query: `mission`, `package`, `type`, `actor`, `node`, `from`, `to` (times),
 * `text` (in names), `limit`, and one of `before` (positions below it, the
 * latest first; without it from the end) and `after` (positions above it, the
 * earliest first).
 */
export interface EventLinesAnswer {
  readonly position: number;
  readonly lines: readonly EventLine[];
  /** Whether there are more in the direction that was asked for. */
  readonly has_more: boolean;
}

/** `GET /api/v1/board/events/{position}/`. */
export interface EventAnswer {
  readonly line: EventLine;
  readonly event: Readonly<Record<string, unknown>>;
}

/** `GET /api/v1/insights/`; query: `mission`, `from`, `to` (times). */
export interface InsightsAnswer {
  readonly position: number;
  readonly lanes: readonly LaneAnswer[];
  /** Packages by lane at the end of each day (UTC). */
  readonly flow: readonly FlowDay[];
  readonly cycle: CycleAnswer;
  readonly throughput: readonly Week[];
  /** The oldest first, 5,000 at most. */
  readonly ageing: readonly AgeingPackage[];
  readonly ageing_total: number;
  readonly reviews: readonly Reviewer[];
}

/** A day of the cumulative flow. */
export interface FlowDay {
  /** Such as `2026-08-12`. */
  readonly day: string;
  /** In the order of `lanes`. */
  readonly counts: readonly number[];
}

/** From being claimed to being done: the packages that are done. */
export interface CycleAnswer {
  /** In the order in which they became done; the latest 5,000. */
  readonly packages: readonly CycledPackage[];
  /** All that there are; percentiles are of all. */
  readonly total: number;
  readonly median_ms: number | null;
  readonly p85_ms: number | null;
}

/** A package that is done. */
export interface CycledPackage extends PackageName {
  readonly claimed_at: string;
  readonly done_at: string;
  readonly cycle_ms: number;
}

/** Which package. */
export interface PackageName {
  readonly mission: string;
  readonly mission_slug: string;
  readonly id: string;
  readonly title: string;
}

/** A week with what became done in it. */
export interface Week {
  /** Its Monday (UTC). */
  readonly week: string;
  readonly done: number;
}

/** A package that is being done or reviewed, or is blocked. */
export interface AgeingPackage extends PackageName {
  readonly lane: string;
  readonly since: string;
  readonly agent: string | null;
}

/** How the reviews of somebody's packages went. */
export interface Reviewer {
  readonly agent: string;
  readonly model: string | null;
  /** Packages that were reviewed. */
  readonly packages: number;
  /** Of those, whose first review passed. */
  readonly passed_first: number;
  /** Of those, which were sent back at least once. */
  readonly sent_back: number;
  /** How often, all together. */
  readonly times_sent_back: number;
}

/** `GET /api/v1/health/`. */
export interface HealthAnswer {
  readonly position: number;
  readonly nodes: readonly NodeHealth[];
  /** The newest first; since the collector started. */
  readonly refused: readonly RefusedAnswer[];
}

/** A node that sends. */
export interface NodeHealth {
  readonly node: string;
  readonly events: number;
  readonly highest_clock: number;
  /** Time of its latest event. */
  readonly latest_at: string;
  /** When something of it arrived; null where nothing has since the collector started. */
  readonly seen_at: string | null;
  /** Median time between happening and arriving, of those that arrived since then. */
  readonly delay_ms: number | null;
}

/** An event that was refused. */
export interface RefusedAnswer {
  readonly at: string;
  readonly id: string;
  readonly reason: string;
}

/** `GET /api/v1/session/`: who is looking. */
export interface SessionAnswer {
  readonly user: string;
  readonly team: string;
  readonly role: "writer" | "viewer" | "admin";
  readonly ends_at: string;
}

/** What the socket at `/ws/v1/board/` says: at first, whenever something changed, and in between as a sign of life. */
export interface LiveMessage {
  readonly type: "position";
  readonly position: number;
  /** Keys of missions with news since the last message; null: any of them may have. */
  readonly missions: readonly string[] | null;
}
