/**
 * Where an agent is found that takes drafts: `SPEC_KITTY_AGENT_URL`.
 *
 * @module
 */

import { KittyError } from "../base/errors.ts";
import { readServerUrl } from "../login/server_url.ts";

/** Where an agent is found. */
export interface AgentAddress {
  /** As people read it; receipts name it. */
  readonly text: string;
  /** What stands in the head of a request. */
  readonly host: string;
  readonly at:
    | { readonly kind: "unix"; readonly path: string }
    | {
      readonly kind: "tcp" | "tls";
      readonly hostname: string;
      readonly port: number;
    };
}

/** What the address is given by, as errors name it. */
const SOURCE = "SPEC_KITTY_AGENT_URL";

/**
 * Reads an agent's address: an origin, or `unix:/path`.
 *
 * @throws {KittyError} for anything else, and for plain HTTP to another
 *   machine where that is not allowed
 */
export function readAgentAddress(text: string): AgentAddress {
  if (text.startsWith("unix:")) return readPath(text);
  const url = readServerUrl(text, SOURCE);
  const isPlain = url.protocol === "http:";
  return {
    text: url.origin,
    host: url.host,
    at: {
      kind: isPlain ? "tcp" : "tls",
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port) || (isPlain ? 80 : 443),
    },
  };
}

function readPath(text: string): AgentAddress {
  const path = text.replace(/^unix:(?:\/\/)?/, "");
  if (!path.startsWith("/") || path === "/") {
    throw new KittyError(
      "bad_server_url",
      `${SOURCE} "${text.slice(0, 60)}" names no path of a socket`,
      { hint: "such as unix:/run/kitty-events/agent.sock" },
    );
  }
  return { text: `unix:${path}`, host: "agent", at: { kind: "unix", path } };
}
