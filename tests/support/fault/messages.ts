/** Faults of WebSocket messages. */

import { type Direction, type Emit, type Fault, shuffled } from "./fault.ts";
import {
  closeMessage,
  isControl,
  type Message,
  OPCODE,
  textMessage,
  textOf,
} from "./frames.ts";
import { jsonOf } from "./http.ts";

/** Which messages a fault concerns; by default all, in both directions. */
export interface Selection {
  readonly direction?: Direction;
  /** A share of them, or those with such a text. */
  readonly which?: number | ((text: string) => boolean);
}

/** How long `reorderMessages` waits for more messages. */
const HOLD_MS = 25;

/** Loses messages. */
export function dropMessages(selection: Selection = {}): Fault {
  return onMessages("dropMessages", selection, () => {});
}

/** Sends messages twice. */
export function duplicateMessages(selection: Selection = {}): Fault {
  return onMessages("duplicateMessages", selection, (message, emit) => {
    emit(message);
    emit(message);
  });
}

/** Sends something that means nothing before messages. */
export function garbageMessages(selection: Selection = {}): Fault {
  return onMessages("garbageMessages", selection, (message, emit, random) => {
    emit(garbage(message, random));
    emit(message);
  });
}

/** Loses a server's acks, or such a share of them. */
export function dropAcks(share = 1): Fault {
  const isAck = (message: Message) =>
    (jsonOf(message.payload) as { type?: unknown } | null | undefined)?.type ===
      "ack";
  return {
    name: "dropAcks",
    tap: ({ random }) => ({
      message(message, direction, emit) {
        const isLost = direction === "down" && !isControl(message) &&
          isAck(message) && random() < share;
        if (!isLost) emit(message);
      },
    }),
  };
}

/**
 * Sends each so many messages in another order; fewer, where no more come for
 * a moment.
 */
export function reorderMessages(
  window: number,
  { direction: only }: Pick<Selection, "direction"> = {},
): Fault {
  return {
    name: "reorderMessages",
    tap({ connection, random }) {
      const held: Record<Direction, Message[]> = { up: [], down: [] };
      const flush = (direction: Direction, emit: Emit) =>
        shuffled(held[direction].splice(0), random).forEach(emit);
      return {
        message(message, direction, emit) {
          if (isControl(message) || (only ?? direction) !== direction) {
            flush(direction, emit);
            return emit(message);
          }
          held[direction].push(message);
          if (held[direction].length >= window) return flush(direction, emit);
          connection.later(HOLD_MS, () => flush(direction, emit));
        },
      };
    },
  };
}

/** Closes with a code after so many messages of a direction, and passes no more. */
export function closeWith(
  code: number,
  options: {
    readonly after?: number;
    readonly direction?: Direction;
    readonly reason?: string;
  } = {},
): Fault {
  const { after = 0, direction: counted = "down", reason = "" } = options;
  return {
    name: `closeWith ${code}`,
    tap() {
      let left = after;
      let toClient: Emit = () => {};
      const close = () => toClient(closeMessage(code, reason));
      return {
        open(emit) {
          toClient = emit.down;
          if (left === 0) close();
        },
        message(message, direction, emit) {
          // The client's answer to the close ends the server's side too.
          if (isControl(message) && (left > 0 || direction === "up")) {
            return emit(message);
          }
          if (left === 0) return;
          emit(message);
          if (direction === counted && --left === 0) close();
        },
      };
    },
  };
}

function onMessages(
  name: string,
  { direction: only, which = 1 }: Selection,
  how: (message: Message, emit: Emit, random: () => number) => void,
): Fault {
  return {
    name,
    tap: ({ random }) => ({
      message(message, direction, emit) {
        const isMeant = !isControl(message) &&
          (only ?? direction) === direction &&
          (typeof which === "number"
            ? random() < which
            : which(textOf(message)));
        if (isMeant) how(message, emit, random);
        else emit(message);
      },
    }),
  };
}

function garbage(message: Message, random: () => number): Message {
  const kinds: readonly (() => Message)[] = [
    () => textMessage(""),
    () => textMessage("null"),
    () => textMessage('[{"type":"ack"}]'),
    () => textMessage('{"type":"ack","event_id":7,"status":null}'),
    () => textMessage('{"type":"no such type","event_id":"x"}'),
    () => textMessage(textOf(message).slice(0, -1)),
    () => ({ opcode: OPCODE.binary, payload: Uint8Array.of(0, 255, 7) }),
  ];
  return kinds[Math.floor(random() * kinds.length)]!();
}
