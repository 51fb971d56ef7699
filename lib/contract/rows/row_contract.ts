/**
 * A contract of CloudEvents rows, whoever wrote it: what a row may hold, type
 * by type.
 *
 * @module
 */

import type { Validator } from "../../../contracts/generated/validators.js";
import { isJsonObject, type JsonObject } from "../../base/json.ts";
import type { Problem } from "../../base/problem.ts";
import { jsonTypeOf } from "../../base/problem.ts";
import { PROBLEMS_MAX, ROW_CLOCK_MAX } from "../../base/limits.ts";
import { instantOf } from "./times.ts";
import { problemsOf, type Schema } from "./row_problems.ts";
import { MISSION_SOURCE, PROJECT_SOURCE } from "../sources.ts";

export type { Schema } from "./row_problems.ts";

/** A row: the attributes of CloudEvents 1.0 and of the contract, beside `data`. */
export interface Row extends JsonObject {
  id: string;
  source: string;
  type: string;
  time: string;
}

/** What a contract says of one type of rows. */
export interface RowType {
  /** Whole, as it stands in rows. */
  readonly type: string;
  /** Without the contract's prefix. */
  readonly name: string;
  readonly description: string;
  /** What a row of it belongs to; any source where it is not said. */
  readonly scope?: "mission" | "project";
  /** Whether `subject` names a work package, or stands for what has no mission. */
  readonly subject?: "wp_id" | "none";
  readonly requiredAttributes: readonly string[];
  readonly dataschema?: string;
  readonly data: Schema;
  readonly validateData: Validator;
}

/** A contract of rows. */
export interface RowContract<T extends RowType = RowType> {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly prefix: string;
  readonly envelope: Schema;
  readonly validateAttributes: Validator;
  /** By their whole names. */
  readonly types: ReadonlyMap<string, T>;
}

/** All that is wrong with a row; none where it keeps the contract. */
export function checkRow(contract: RowContract, row: unknown): Problem[] {
  if (!isJsonObject(row)) {
    return [{ path: "", expected: "an object", found: jsonTypeOf(row) }];
  }
  const { envelope, validateAttributes } = contract;
  const problems = validateAttributes(row)
    ? []
    : problemsOf(row, validateAttributes.errors ?? [], envelope);
  const type = typeof row.type === "string"
    ? contract.types.get(row.type)
    : undefined;
  if (!type) {
    const others = problems.filter(({ path }) => path !== "/type");
    const expected = `a type of the contract ${contract.name}`;
    const found = jsonTypeOf(row.type);
    return [{ path: "/type", expected, found }, ...others]
      .slice(0, PROBLEMS_MAX);
  }
  const said = new Set(problems.map(({ path }) => path));
  problems.push(
    ...[...basicsOf(row), ...rulesOf(type, row)]
      .filter(({ path }) => !said.has(path)),
  );
  if (isJsonObject(row.data) && !type.validateData(row.data)) {
    const errors = type.validateData.errors ?? [];
    problems.push(...problemsOf(row.data, errors, type.data, "/data"));
  }
  return problems.slice(0, PROBLEMS_MAX);
}

/** Longest id and source, of rows whose own contract has no bound. */
const ID_CHARS_MAX = 128, SOURCE_CHARS_MAX = 1_024, NODE_CHARS_MAX = 128;

/** What every row needs to be kept and put in order, whatever its contract says. */
function basicsOf(row: JsonObject): Problem[] {
  const isText = (value: unknown, max: number) =>
    typeof value === "string" && value.length > 0 && value.length <= max;
  const { id, source, time, nodeid, lamportclock } = row;
  const isClock = Number.isInteger(lamportclock) &&
    (lamportclock as number) >= 0 && (lamportclock as number) <= ROW_CLOCK_MAX;
  const isTime = typeof time === "string" && instantOf(time) !== undefined;
  const basics: readonly [string, boolean, string][] = [
    [
      "id",
      isText(id, ID_CHARS_MAX),
      `a text of 1 to ${ID_CHARS_MAX} characters`,
    ],
    [
      "source",
      isText(source, SOURCE_CHARS_MAX),
      `a text of 1 to ${SOURCE_CHARS_MAX} characters`,
    ],
    [
      "time",
      isTime,
      "a date-time as in RFC 3339, such as 2026-02-03T12:00:00Z",
    ],
    ["lamportclock", isClock, `an integer from 0 to ${ROW_CLOCK_MAX}`],
    [
      "nodeid",
      isText(nodeid, NODE_CHARS_MAX),
      `a text of 1 to ${NODE_CHARS_MAX} characters`,
    ],
    ["data", isJsonObject(row.data), "an object"],
  ];
  return basics.filter(([, isGood]) => !isGood)
    .map(([name, , expected]) => ({
      path: `/${name}`,
      expected,
      found: jsonTypeOf(row[name]),
    }));
}

/** What schemas cannot say of a row. */
function rulesOf(type: RowType, row: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const expect = (name: string, isGood: boolean, expected: string) => {
    if (isGood) return;
    const found = jsonTypeOf(row[name]);
    problems.push({ path: `/${name}`, expected, found });
  };
  const source = String(row.source);
  const isOfMission = source.startsWith(MISSION_SOURCE);
  if (type.scope === "project") {
    expect(
      "source",
      source.startsWith(PROJECT_SOURCE),
      `the source of a project, ${PROJECT_SOURCE}...`,
    );
  }
  const dataschema = type.dataschema;
  if (dataschema !== undefined) {
    expect("dataschema", row.dataschema === dataschema, `"${dataschema}"`);
  }
  for (const name of type.requiredAttributes) {
    expect(
      name,
      row[name] !== undefined,
      `the attribute that ${type.name} has`,
    );
  }
  if (type.scope) {
    expect(
      "missionid",
      isOfMission && type.scope === "mission"
        ? row.missionid === source.slice(MISSION_SOURCE.length)
        : row.missionid === undefined,
      isOfMission && type.scope === "mission"
        ? "the id that source names"
        : "no such attribute: the source is a project",
    );
  }
  const { data } = row;
  const about = isJsonObject(data) ? data.wp_id : undefined;
  if (type.subject === "wp_id") {
    const isNamed = typeof about === "string";
    expect(
      "subject",
      row.subject !== undefined && (!isNamed || row.subject === about),
      isNamed ? "the work package of data" : "a work package",
    );
  } else if (type.subject === "none") {
    const isAggregate = type.scope === "mission" && !isOfMission;
    expect(
      "subject",
      (row.subject !== undefined) === isAggregate,
      isAggregate
        ? "what the event is about, as it has no mission"
        : "no such attribute: the source says it",
    );
  }
  return problems;
}
