/** A proxy before a PostgreSQL server that cuts connections at the worst of moments. */

/** When connections are cut. */
export type Cut =
  /** Events come, and are not passed on; what was sent before them was. */
  | "before insert"
  /** A commit comes, and is not passed on. */
  | "before commit"
  /** It is passed on, and its answer not waited for. */
  | "in commit"
  /** It was answered, and the answer is lost. */
  | "after commit"
  /** Each connection, after some packets. */
  | "connection";

/** A running proxy. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** How often it has cut. */
  readonly cuts: number;
  /** From now on it cuts every so often; 0: never. */
  every: number;
  cut: Cut;
}

const INSERT = new TextEncoder().encode("insert into kitty_events.events");
const COMMIT = new TextEncoder().encode("commit\0");
/** Before the text of a simple statement: its letter and its length. */
const HEAD = 5;

/** Packets that a connection which is to be cut may send. */
const PACKETS = 4;

/** Starts one before a port of this machine. */
export function cuttingProxy(
  target: number,
  cut: Cut = "after commit",
  every = 3,
  port = 0,
): CuttingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const open = new Set<Deno.Conn>();
  let turns = 0, cuts = 0;
  const isTurn = () => proxy.every > 0 && ++turns % proxy.every === 0;

  const serve = async (client: Deno.Conn): Promise<void> => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    open.add(client).add(server);
    const end = () => {
      for (const side of [client, server]) {
        if (!open.delete(side)) continue;
        try {
          side.close();
        } catch {
          // It is closed already.
        }
      }
    };
    const cutNow = () => {
      cuts++;
      end();
    };
    /** The next answer is lost. */
    let isLosing = false;
    let packets = proxy.cut === "connection" && isTurn() ? PACKETS : Infinity;
    const up = async () => {
      for await (const chunk of chunks(client)) {
        if (--packets < 0) return cutNow();
        const wanted = proxy.cut === "before insert" ? INSERT : COMMIT;
        const at = proxy.cut === "connection" ? -1 : indexOf(chunk, wanted);
        if (at < 0 || !isTurn()) {
          await write(server, chunk);
          continue;
        }
        if (proxy.cut === "before insert") return cutNow();
        if (proxy.cut === "before commit") {
          await write(server, chunk.subarray(0, at - HEAD));
          return cutNow();
        }
        isLosing = proxy.cut === "after commit";
        await write(server, chunk);
        if (!isLosing) return cutNow();
      }
    };
    const down = async () => {
      for await (const chunk of chunks(server)) {
        // All that went with the commit is answered in its order, the commit last.
        if (isLosing) {
          if (indexOf(chunk, new TextEncoder().encode("COMMIT\0")) >= 0) {
            return cutNow();
          }
          continue;
        }
        await write(client, chunk);
      }
    };
    await Promise.race([up(), down()]).catch(() => {});
    end();
  };
  const accepting = (async () => {
    const serving: Promise<void>[] = [];
    try {
      for await (const client of listener) {
        serving.push(serve(client).catch(() => client.close()));
      }
    } catch {
      // It was closed.
    }
    await Promise.all(serving);
  })();
  const proxy = {
    port: (listener.addr as Deno.NetAddr).port,
    get cuts() {
      return cuts;
    },
    every,
    cut,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const side of [...open]) {
        open.delete(side);
        try {
          side.close();
        } catch {
          // It is closed already.
        }
      }
      await accepting;
    },
  };
  return proxy;
}

async function* chunks(side: Deno.Conn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await side.read(buffer);
    if (length === null) return;
    yield buffer.slice(0, length);
  }
}

async function write(side: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await side.write(bytes.subarray(at));
  }
}

/** Where some bytes begin in others; -1 where they do not. */
function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (
    let at = bytes.indexOf(wanted[0]!);
    at >= 0;
    at = bytes.indexOf(wanted[0]!, at + 1)
  ) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
