/**
 * The contract of work packages as it is published. Loaded only where someone
 * asks for it.
 *
 * @module
 */

import document from "../../contracts/events.schema.json" with { type: "json" };

/** The JSON Schema, with everything that it refers to in `$defs`. */
export const schema: Record<string, unknown> = document;
