/** A proxy that says another thing than the server behind it. */

/** A running proxy. */
export interface RewritingProxy extends AsyncDisposable {
  readonly port: number;
}

/** Starts one before a port of this machine; what it puts in must be as long as what it takes out. */
export function rewritingProxy(
  target: number,
  pattern: RegExp,
  replacement: string,
): RewritingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (client: Deno.Conn) => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    const changing = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const text = Array.from(chunk, (byte) => String.fromCharCode(byte))
          .join("").replaceAll(new RegExp(pattern, "g"), replacement);
        controller.enqueue(Uint8Array.from(text, (c) => c.charCodeAt(0)));
      },
    });
    await Promise.all([
      client.readable.pipeTo(server.writable),
      server.readable.pipeThrough(changing).pipeTo(client.writable),
    ]).catch(() => {});
  };
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    try {
      for await (const client of listener) serving.push(serve(client));
    } catch {
      // It was closed.
    }
    await Promise.all(serving);
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}
