/**
 * What descriptions in OpenAPI are put together from.
 *
 * @module
 */

import { type Form, listOf, toSchema } from "./answers.ts";
import type { Described, DescribedType } from "./contracts.ts";

export const JSON_TYPE = "application/json";

/** For everybody; and a token where the agent listens on TCP. */
export const NOTHING: readonly Form[] = [], PERHAPS = [{}, { access: [] }];

/** One thing that can be asked. */
interface Asked {
  readonly id: string;
  readonly summary: string;
  /** Of the query and in headers. */
  readonly parameters?: readonly Form[];
  readonly body?: Form;
  /** The answer where all is well, by its media type; without one it is empty. */
  readonly answer?: Form;
  readonly status?: string;
  /** Answers of other statuses that clients have to know. */
  readonly others?: Form;
  /** What it needs, where that is not an access token. */
  readonly security?: readonly Form[];
}

export function operation(asked: Asked): Form {
  const { id, summary, parameters, body, answer, status = "200" } = asked;
  return {
    operationId: id,
    summary,
    ...parameters && { parameters },
    ...body && { requestBody: { required: true, content: body } },
    responses: {
      [status]: {
        description: "It was done.",
        ...answer && { content: answer },
      },
      ...asked.others,
      default: {
        description: "It was not done.",
        content: { [JSON_TYPE]: { schema: toSchema("Failure") } },
      },
    },
    ...asked.security && { security: asked.security },
  };
}

/** Somebody guesses passwords. */
export const SLOWED: Form = {
  "429": {
    description:
      "Too many tries for this name, or from this address, or too many logins at once: try the same again after Retry-After seconds.",
    headers: {
      "Retry-After": { schema: { type: "integer", minimum: 1 } },
    },
    content: { [JSON_TYPE]: { schema: toSchema("Failure") } },
  },
};

export function queried(name: string, schema: Form, description: string): Form {
  return { name, in: "query", description, schema };
}

/** A part of the path. */
export function named(name: string, description: string): Form {
  return {
    ...queried(name, { type: "string" }, description),
    in: "path",
    required: true,
  };
}

export function answered(name: string): Form {
  return { [JSON_TYPE]: { schema: toSchema(name) } };
}

export function rowsOf({ types }: Described): readonly DescribedType[] {
  return types.filter(({ isRow }) => isRow);
}

/** Examples of all types, each made by `make` of the type's own. */
export function examplesOf(
  types: readonly DescribedType[],
  make: (example: NonNullable<DescribedType["example"]>) => unknown,
): Form {
  return Object.fromEntries(
    types.flatMap(({ type, description, example }) =>
      example ? [[type, { summary: description, value: make(example) }]] : []
    ),
  );
}

export function cloudBodies(
  rows: readonly DescribedType[],
  make: (example: NonNullable<DescribedType["example"]>) => unknown,
): Form {
  return {
    "application/cloudevents+json": {
      schema: { type: "object" },
      examples: examplesOf(rows, make),
    },
    "application/cloudevents-batch+json": {
      schema: listOf({ type: "object" }),
      examples: examplesOf(rows, (example) => [make(example)]),
    },
  };
}
