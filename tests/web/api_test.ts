import { deepStrictEqual, rejects } from "node:assert/strict";
import { ApiError, request } from "../../web/api.ts";

/** Asks a server that answers the first request so, byte by byte, and ends the connection. */
async function asked(answer: string): Promise<unknown> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const answering = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode(answer));
  })();
  try {
    return await request(`http://127.0.0.1:${port}/`);
  } finally {
    await answering;
  }
}

const headed = (status: string, body: string, length = body.length) =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n` +
  `Connection: close\r\nContent-Length: ${length}\r\n\r\n${body}`;

Deno.test("request: an answer that breaks off in its body -> as none, not one of nothing", async () => {
  deepStrictEqual(await asked(headed("200 OK", '{"a":1}')), { a: 1 });
  await rejects(
    asked(headed("200 OK", '{"a":', 100)),
    new ApiError(0, "the server's answer broke off"),
  );
  await rejects(
    asked(headed("503 x", '{"a":', 100)),
    new ApiError(503, "the server answered 503"),
  );
  await rejects(
    asked(headed("503 x", '{"error":"not now"}')),
    new ApiError(503, "not now"),
  );
});
