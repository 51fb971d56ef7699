/**
 * The figures of a board, counted from an export by a script that knows
 * nothing of the program: plain documents in, plain numbers out.
 */

/** Figures of one mission or feature. */
export interface MissionCounts {
  readonly lanes: Record<string, number>;
  readonly sentBack: number;
}

/** Figures of all. */
export interface Counts {
  readonly missions: Record<string, MissionCounts>;
  /** By mission and package, milliseconds. */
  readonly cycles: Record<string, number>;
  /** Packages done, by Monday. */
  readonly weeks: Record<string, number>;
  /** Packages that were reviewed, and those whose first review passed. */
  readonly reviewed: number;
  readonly passedFirst: number;
}

const TODO = ["genesis", "planned"];
const DOING = ["claimed", "in_progress", "doing"];
const REVIEW = ["for_review", "in_review", "approved"];

interface Step {
  readonly clock: number;
  readonly tie: string;
  readonly ms: number;
  readonly from: string | null;
  readonly to: string;
}

// deno-lint-ignore no-explicit-any
type Document = any;

/** One step of a package for each event that moves or creates one. */
function stepOf(one: Document): [string, string, Step] | undefined {
  if (one.event_type) {
    const { event_type, payload, lamport_clock, node_id, event_id } = one;
    const isMove = event_type === "WPStatusChanged";
    if (!isMove && event_type !== "WPCreated") return undefined;
    return [payload.feature_slug, payload.wp_id, {
      clock: lamport_clock,
      tie: node_id + event_id,
      ms: Date.parse(one.timestamp),
      from: isMove ? payload.previous_status : null,
      to: isMove ? payload.new_status : "planned",
    }];
  }
  const { data, type, subject, missionid, missionslug } = one;
  const isCreation = type === "ai.spec-kitty.wp.created.v1";
  if (!isCreation && data.to_lane === undefined) return undefined;
  return [missionid ?? missionslug, subject, {
    clock: one.lamportclock,
    tie: one.time + one.id,
    ms: Date.parse(one.time),
    from: isCreation ? null : data.from_lane,
    to: isCreation ? "planned" : data.to_lane,
  }];
}

/** Counts the events of an export. */
export function countBoard(documents: readonly Document[]): Counts {
  const packages = new Map<string, Step[]>();
  const untouched = new Set<string>();
  for (const one of documents) {
    const told = stepOf(one);
    if (!told) {
      // What tells of a package and moves nothing still shows that there is one.
      const isOfPackage = String(one.type).includes(".wp.");
      if (isOfPackage) untouched.add(`${one.missionid}\t${one.subject}`);
      continue;
    }
    const [mission, id, step] = told, name = `${mission}\t${id}`;
    packages.set(name, [...packages.get(name) ?? [], step]);
  }
  for (const name of untouched) {
    if (!packages.has(name)) packages.set(name, []);
  }
  const counts = {
    missions: {} as Record<
      string,
      { lanes: Record<string, number>; sentBack: number }
    >,
    cycles: {} as Record<string, number>,
    weeks: {} as Record<string, number>,
    reviewed: 0,
    passedFirst: 0,
  };
  for (const [name, steps] of packages) countPackage(name, steps, counts);
  return counts;
}

function countPackage(
  name: string,
  unordered: readonly Step[],
  counts: Counts & { reviewed: number; passedFirst: number },
): void {
  const steps = unordered.toSorted((a, b) =>
    a.clock - b.clock || (a.tie < b.tie ? -1 : 1)
  );
  const moves = steps.filter(({ from }) => from !== null);
  const lane = moves.at(-1)?.to ?? "planned";
  const [mission] = name.split("\t") as [string];
  const known = counts.missions[mission] ??= { lanes: {}, sentBack: 0 };
  known.lanes[lane] = (known.lanes[lane] ?? 0) + 1;
  const reviews = moves.flatMap(({ from, to }) => {
    if (!REVIEW.includes(from!)) return [];
    if (TODO.includes(to) || DOING.includes(to)) return ["back"];
    const isPassed = to === "done" || to === "approved";
    return isPassed && from !== "approved" ? ["passed"] : [];
  });
  (known as { sentBack: number }).sentBack +=
    reviews.filter((one) => one === "back").length;
  if (reviews.length > 0) counts.reviewed++;
  if (reviews[0] === "passed") counts.passedFirst++;
  if (lane !== "done") return;
  // The moment of a step is never before those of the steps ahead of it.
  let latest = -Infinity;
  const at = steps.map(({ ms }) => latest = Math.max(latest, ms));
  const arrivals = steps.map(({ to, from }, i) =>
    from !== null && to === "done" && steps[i - 1]?.to !== "done" ? at[i]! : NaN
  ).filter((ms) => !Number.isNaN(ms));
  const doneMs = arrivals.at(-1)!;
  const claimed = steps.findIndex(({ from, to }) =>
    from !== null && DOING.includes(to)
  );
  if (claimed >= 0) counts.cycles[name] = doneMs - at[claimed]!;
  const day = new Date(doneMs);
  day.setUTCHours(0, 0, 0, 0);
  day.setUTCDate(day.getUTCDate() - (day.getUTCDay() + 6) % 7);
  const week = day.toISOString().slice(0, 10);
  counts.weeks[week] = (counts.weeks[week] ?? 0) + 1;
}
