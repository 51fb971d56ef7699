/** Requests on a connection, cut at any place: each gets its line, and nothing else is changed. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { RequestStream } from "../../../lib/base/net/request_stream.ts";

const MARK = "x-mark: 1";

/** What goes on of pieces that come one after the other, and what is waited for then. */
function through(pieces: readonly string[]): { text: string; phase: string } {
  const stream = new RequestStream(MARK);
  let text = "";
  for (const piece of pieces) {
    // As a connection does it: the room is used again.
    const buffer = new TextEncoder().encode(piece);
    for (const bytes of stream.take(buffer)) {
      text += new TextDecoder().decode(bytes);
    }
    buffer.fill(0);
  }
  return { text, phase: stream.phase };
}

function marked(request: string): string {
  return request.replace(/ HTTP\/1\.\d\r?\n/, (line) => `${line}${MARK}\r\n`);
}

const REQUESTS = [
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "\r\nGET /a HTTP/1.0\r\n\r\n",
  "POST / HTTP/1.1\nHost: x\nContent-Length: 3\n\nabc",
  "POST / HTTP/1.1\r\nContent-Length: 34\r\n\r\nGET / HTTP/1.1\r\nHost: smuggled\r\n\r\n",
  "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0a\r\n0123456789\r\n000\r\nTrailer: 1\r\nOther: 2\r\n\r\n",
  "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\nGET / HTTP/1.1\r\nHost: smu\r\n\r\n\r\n0\r\n\r\n",
  "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
  "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
] as const;

Deno.test("take: any requests one after the other, cut anywhere -> a line in each head, all else as it was", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...REQUESTS), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 40 }),
      (requests, cuts) => {
        const whole = requests.join("");
        const places = cuts.map((cut) => cut % whole.length)
          .toSorted((a, b) => a - b);
        const pieces = [0, ...places].map((from, i) =>
          whole.slice(from, places[i])
        ).filter(Boolean);
        deepStrictEqual(through(pieces), {
          text: requests.map(marked).join(""),
          phase: "idle",
        });
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("take: byte by byte -> the same", () => {
  for (const request of REQUESTS) {
    strictEqual(through([...request]).text, marked(request), request);
  }
});

Deno.test("take: a head in two pieces, a body that is not over -> what is waited for", () => {
  const [first] = REQUESTS;
  deepStrictEqual(through([first.slice(0, 20)]), { text: "", phase: "head" });
  strictEqual(through([first, first.slice(0, 3)]).phase, "head");
  const body = "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc";
  deepStrictEqual(through([body]), { text: marked(body), phase: "body" });
  strictEqual(through([REQUESTS[5].slice(0, -3)]).phase, "body");
});

Deno.test("begun: heads and bodies, cut anywhere -> each is counted once, when it begins", () => {
  const [get, , post] = REQUESTS;
  const stream = new RequestStream(MARK);
  const counts: number[] = [];
  for (
    const piece of [
      get.slice(0, 5),
      get.slice(5, 9),
      get.slice(9) + get.slice(0, 5),
      get.slice(5) + post.slice(0, -2),
      post.slice(-2, -1),
      post.slice(-1),
    ]
  ) {
    stream.take(new TextEncoder().encode(piece));
    counts.push(stream.begun);
  }
  deepStrictEqual(counts, [1, 1, 2, 4, 4, 4]);
});

Deno.test("take: framed so that two may differ where it ends -> itself with the line, all behind it without", () => {
  const behind = "GET /behind HTTP/1.1\r\n\r\n";
  const bodies = [
    "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
    "Content-Length: +3\r\n\r\nabc",
    "Content-Length: 3, 3\r\n\r\nabc",
    "Content-Length: 0x3\r\n\r\nabc",
    "Content-Length:\r\n\r\n",
    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Upgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\nfffffffffffff\r\nabc",
  ];
  for (const body of bodies) {
    const odd = `POST / HTTP/1.1\r\n${body}`;
    deepStrictEqual(through([odd, behind]), {
      text: marked(odd) + behind,
      phase: "raw",
    }, body);
  }
});

Deno.test("take: no request of HTTP/1 -> goes as it is", () => {
  for (
    const text of [
      ...["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01", "GET /\r\n\r\n"],
      ...["get / HTTP/1.1\r\n\r\n", "\r\n\r\n\r\nGET / HTTP/1.1 \r\n\r\n"],
    ]
  ) {
    deepStrictEqual(through([text]), { text, phase: "raw" }, text);
  }
});

Deno.test("take: a head without end, byte by byte -> goes on as it is, beyond a bound, in linear time", () => {
  const stream = new RequestStream(MARK);
  stream.take(new TextEncoder().encode("GET / HTTP/1.1\r\nX: "));
  const byte = new Uint8Array([0x61]);
  let count = 0, out = 0;
  while (stream.phase === "head") {
    out += stream.take(byte).reduce((sum, { length }) => sum + length, 0);
    count += 1;
    ok(count < 200_000);
  }
  ok(out > 128 * 1024, `${out}`);
});
