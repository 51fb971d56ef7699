/**
 * The rules of the contract once more, written by hand from its description and
 * not from the schema, as plainly as possible: what the property tests compare
 * the validators with.
 */

/** A rule says whether it takes a value; an optional one also takes none. */
export interface Rule {
  takes: (value: unknown) => boolean;
  optional?: boolean;
}

export type Form = Record<string, Rule>;

const DIGITS = "0123456789";

const isString = (value: unknown): value is string => typeof value === "string";
const isText = (value: unknown) => isString(value) && value.length > 0;
const isCount = (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 0;
const isStringOrNull = (value: unknown) => value === null || isString(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const among = (...words: string[]) => (value: unknown) =>
  isString(value) && words.includes(value);
const allFrom = (alphabet: string, text: string) =>
  [...text].every((letter) => alphabet.includes(letter));

const isUlid = (value: unknown) =>
  isString(value) && value.length === 26 &&
  allFrom("0123456789ABCDEFGHJKMNPQRSTVWXYZ", value);
const isWp = (value: unknown) =>
  isString(value) && value.length === 4 && value.startsWith("WP") &&
  allFrom(DIGITS, value.slice(2));
const isFeatureNumber = (value: unknown) =>
  isString(value) && value.length === 3 && allFrom(DIGITS, value);
const isFeatureSlug = (value: unknown) =>
  isString(value) && value.length > 4 && isFeatureNumber(value.slice(0, 3)) &&
  value[3] === "-" &&
  allFrom("abcdefghijklmnopqrstuvwxyz0123456789-", value.slice(4));

/** By the calendar that `Date` has, where the contract's code has its own. */
export function isTime(value: unknown): boolean {
  if (!isString(value)) return false;
  const form = "dddd-dd-ddTdd:dd:dd";
  for (const [i, kind] of [...form].entries()) {
    const letter = value[i] ?? "";
    if (letter === "" || letter !== kind && kind !== "d") return false;
    if (kind === "d" && !DIGITS.includes(letter)) return false;
  }
  let rest = value.slice(form.length);
  if (rest.startsWith(".")) {
    const digits = rest.length - 1 -
      [...rest.slice(1)].findIndex((letter) => !DIGITS.includes(letter));
    const fraction = rest.slice(1, rest.length - digits);
    if (fraction === "") return false;
    rest = rest.slice(1 + fraction.length);
  }
  let offset = 0;
  if (rest !== "Z") {
    const [sign, hours, colon, minutes] = [
      rest[0] ?? "",
      rest.slice(1, 3),
      rest[3],
      rest.slice(4),
    ];
    if (!"+-".includes(sign) || sign === "" || colon !== ":") return false;
    if (hours.length !== 2 || minutes.length !== 2) return false;
    if (!allFrom(DIGITS, hours + minutes)) return false;
    if (Number(hours) > 23 || Number(minutes) > 59) return false;
    offset = Number(hours) * 60 + Number(minutes);
    if (sign === "-") offset = -offset;
  }
  const isLeapSecond = value.slice(17, 19) === "60";
  const seconds = isLeapSecond ? "59" : value.slice(17, 19);
  const local = `${value.slice(0, 17)}${seconds}.000Z`;
  const time = new Date(local);
  // Date turns 30 February into 2 March; then it does not say it back.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== local) {
    return false;
  }
  if (!isLeapSecond) return true;
  const utc = new Date(time.getTime() - offset * 60_000);
  return utc.getUTCHours() === 23 && utc.getUTCMinutes() === 59;
}

const must = (takes: Rule["takes"]): Rule => ({ takes });
const may = (takes: Rule["takes"]): Rule => ({ takes, optional: true });
const status = among("planned", "doing", "for_review", "done");
const anything = () => true;

export const PAYLOAD_FORMS: Record<string, Form> = {
  WPStatusChanged: {
    wp_id: must(isWp),
    previous_status: must(status),
    new_status: must(status),
    changed_by: may(isString),
    feature_slug: may(isStringOrNull),
  },
  WPCreated: {
    wp_id: must(isWp),
    title: must(isText),
    feature_slug: must(isText),
    dependencies: may((value) => Array.isArray(value) && value.every(isWp)),
  },
  WPAssigned: {
    wp_id: must(isWp),
    agent_id: must(isText),
    phase: must(among("implementation", "review")),
    retry_count: may(isCount),
  },
  FeatureCreated: {
    feature_slug: must(isFeatureSlug),
    feature_number: must(isFeatureNumber),
    target_branch: must(isText),
    wp_count: must(isCount),
    created_at: may(isTime),
  },
  FeatureCompleted: {
    feature_slug: must(isString),
    total_wps: must(isCount),
    completed_at: may(isTime),
    total_duration: may(isStringOrNull),
  },
  HistoryAdded: {
    wp_id: must(isWp),
    entry_type: must(among("note", "review", "error", "comment")),
    entry_content: must(isText),
    author: may(isString),
  },
  ErrorLogged: {
    error_type: must(
      among("validation", "runtime", "network", "auth", "unknown"),
    ),
    error_message: must(isText),
    wp_id: may(isStringOrNull),
    stack_trace: may(isStringOrNull),
    agent_id: may(isStringOrNull),
  },
  DependencyResolved: {
    wp_id: must(isWp),
    dependency_wp_id: must(isWp),
    resolution_type: must(among("completed", "skipped", "merged")),
  },
};

const eventType = must(among(...Object.keys(PAYLOAD_FORMS)));
const causation = may((value) => value === null || isUlid(value));

export const ENVELOPE_FORM: Form = {
  event_id: must(isUlid),
  event_type: eventType,
  aggregate_id: must(isText),
  aggregate_type: must(among("WorkPackage", "Feature")),
  payload: must(isObject),
  node_id: must(isText),
  lamport_clock: must(isCount),
  causation_id: causation,
  timestamp: must(isTime),
  team_slug: must(isText),
  project_uuid: may(anything),
  project_slug: may(anything),
};

/** A draft's slug of a completed feature becomes the aggregate's id, which is never empty. */
export const DRAFT_PAYLOAD_FORMS: Record<string, Form> = {
  ...PAYLOAD_FORMS,
  FeatureCompleted: {
    ...PAYLOAD_FORMS.FeatureCompleted,
    feature_slug: must(isText),
  },
};

export const DRAFT_FORM: Form = {
  event_type: eventType,
  payload: must(isObject),
  event_id: may(isUlid),
  causation_id: causation,
  timestamp: may(isTime),
  team_slug: may(isText),
  project_uuid: may(anything),
  project_slug: may(anything),
};

/** The paths where a document breaks the rules, in order (items as one). */
export function brokenPaths(document: unknown, form: Form): string[] {
  if (!isObject(document)) return [""];
  const { event_type, payload } = document;
  const payloadForms = form === DRAFT_FORM
    ? DRAFT_PAYLOAD_FORMS
    : PAYLOAD_FORMS;
  const payloadForm = payloadForms[String(event_type)];
  const broken: string[] = [];
  for (const [name, rule] of Object.entries(form)) {
    if (!keeps(rule, document, name)) broken.push(`/${name}`);
    else if (name === "payload" && payloadForm && isObject(payload)) {
      const inPayload = Object.entries(payloadForm)
        .filter(([field, inner]) => !keeps(inner, payload, field));
      broken.push(...inPayload.map(([field]) => `/payload/${field}`));
    }
  }
  if (form === DRAFT_FORM) {
    const unknown = Object.keys(document).filter((name) => !(name in form));
    broken.push(...unknown.map((name) => `/${name}`));
  }
  return broken;
}

function keeps(
  rule: Rule,
  object: Record<string, unknown>,
  name: string,
): boolean {
  if (!Object.hasOwn(object, name)) return rule.optional === true;
  return rule.takes(object[name]);
}
