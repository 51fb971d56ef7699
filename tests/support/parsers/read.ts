/**
 * What the usual parsers find wrong with descriptions: a process of its own,
 * with packages of its own, which nobody needs who only runs the program.
 *
 * stdin: `{"asyncapi": [...], "openapi": [...]}`; stdout: the same with a list
 * of faults in the place of each description.
 */

import { Parser } from "@asyncapi/parser";
import { Validator } from "@seriousme/openapi-schema-validator";

/** Errors and warnings; the others say what could be nicer. */
const WARNING = 1;

const { asyncapi, openapi } = await new Response(Deno.stdin.readable).json();
const faults: Record<string, string[][]> = { asyncapi: [], openapi: [] };
for (const description of asyncapi) {
  const { diagnostics } = await new Parser().parse(JSON.stringify(description));
  faults.asyncapi!.push(
    diagnostics.filter(({ severity }) => severity <= WARNING)
      .map(({ message, path }) => `${path.join("/")}: ${message}`),
  );
}
for (const description of openapi) {
  const { valid, errors } = await new Validator().validate(description);
  faults.openapi!.push(valid ? [] : [JSON.stringify(errors)]);
}
console.log(JSON.stringify(faults));
