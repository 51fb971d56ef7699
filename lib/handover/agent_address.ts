/**
 * Where an agent is found that takes drafts: `SPEC_KITTY_AGENT_URL`.
 *
 * @module
 */

import { KittyError } from "../base/errors.ts";
import { isLoopback, readServerUrl } from "../login/server_url.ts";

/** Where an agent is found. */
export interface AgentAddress {
  /** As people read it; receipts name it. */
  readonly text: string;
  /** Whether it is another machine, and others on the way may read what is sent. */
  readonly isOpen: boolean;
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
 * @throws {KittyError} for anything else; plain HTTP to another machine is for
 *   the caller to allow, who knows the settings
 */
export function readAgentAddress(text: string): AgentAddress {
  if (text.startsWith("unix:")) return readPath(text);
  const url = readServerUrl(text, SOURCE, true);
  const isPlain = url.protocol === "http:";
  return {
    text: url.origin,
    isOpen: isPlain && !isLoopback(url.hostname),
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
  return {
    text: `unix:${path}`,
    isOpen: false,
    host: "agent",
    at: { kind: "unix", path },
  };
}
