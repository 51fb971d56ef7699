/**
 * YAML, as far as it is used: named, so that a bundle leaves the rest out.
 * Load it only where the small reader of `project.ts` gives up.
 *
 * @module
 */

import {
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  load,
} from "js-yaml";

/** Reads a value of an unknown tag as if it had none; scalars are text then. */
const unknownTags = (prefix: string) => {
  const known = { matchByTagPrefix: true, identify: () => false };
  return [
    defineScalarTag(prefix, { ...known, resolve: (text: string) => text }),
    defineSequenceTag(prefix, {
      ...known,
      create: (): unknown[] => [],
      addItem: (items: unknown[], item: unknown) => {
        items.push(item);
      },
    }),
    defineMappingTag(prefix, {
      ...known,
      create: () => new Map<unknown, unknown>(),
      addPair: (map: Map<unknown, unknown>, key: unknown, value: unknown) => {
        map.set(key, value);
        return "";
      },
      has: (map: Map<unknown, unknown>, key: unknown) => map.has(key),
      finalize: (map: Map<unknown, unknown>) =>
        Object.fromEntries(map) as Record<string, unknown>,
      keys: (object: Record<string, unknown>) => Object.keys(object),
      get: (object: Record<string, unknown>, key: unknown) =>
        object[String(key)],
    }),
  ];
};

const SCHEMA = CORE_SCHEMA.withTags(
  ...unknownTags("!"),
  ...unknownTags("tag:"),
);

/**
 * The one document of a text, with the scalars of YAML 1.2's core schema.
 *
 * @throws with `mark.line`, from 0 on, where the text is not YAML
 */
export function parse(text: string): unknown {
  return load(text, { schema: SCHEMA });
}
