/** Answers as they come over a connection: whole, in pieces, and broken. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { AnswerReader, NoHttpError } from "../../lib/handover/answer_reader.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Gives a text in pieces of `size` bytes. */
function read(text: string, size: number, bytesMax = 1_000): AnswerReader {
  const reader = new AnswerReader(bytesMax);
  const all = bytes(text);
  for (let at = 0; at < all.length; at += size) {
    reader.push(all.subarray(at, at + size));
  }
  return reader;
}

const JSON_ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON\r\n" +
  'content-length: 9\r\n\r\n{"ä": 1}';
const CHUNKED = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n" +
  'transfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\nB;x=y\r\n1}\n{"b":2}\n\r\n0\r\n\r\n';

for (const size of [1, 2, 3, 7, 1_000]) {
  Deno.test(`AnswerReader: in pieces of ${size} bytes -> status, type and body; the connection may stay`, () => {
    const sized = read(JSON_ANSWER, size);
    deepStrictEqual(sized.answer, {
      status: 200,
      contentType: "application/json",
      body: '{"ä": 1}',
      isWhole: true,
    });
    ok(sized.mayStay);
    const chunked = read(CHUNKED, size);
    strictEqual(chunked.answer?.body, '{"a":1}\n{"b":2}\n');
    ok(chunked.answer?.isWhole);
    ok(chunked.mayStay);
  });
}

Deno.test("AnswerReader: an interim answer before the true one -> the true one", () => {
  const reader = read(`HTTP/1.1 100 Continue\r\n\r\n${JSON_ANSWER}`, 1_000);
  strictEqual(reader.answer?.status, 200);
  ok(reader.answer?.isWhole);
});

Deno.test("AnswerReader: neither length nor chunks -> whole when the connection ends, which does not stay", () => {
  const reader = read("HTTP/1.0 200 OK\r\n\r\nhello", 4);
  strictEqual(reader.answer?.isWhole, false);
  reader.end();
  deepStrictEqual(reader.answer?.body, "hello");
  ok(reader.answer?.isWhole);
  ok(!reader.mayStay);
});

Deno.test("AnswerReader: 204, or `connection: close` -> whole at once; does not stay where it says so", () => {
  ok(read("HTTP/1.1 204 No Content\r\n\r\n", 1_000).answer?.isWhole);
  const closing = read(
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    1_000,
  );
  ok(closing.answer?.isWhole);
  ok(!closing.mayStay);
});

Deno.test("AnswerReader: broken off -> what came, and that it is not whole", () => {
  const reader = read(CHUNKED.slice(0, -22), 5);
  reader.end();
  strictEqual(reader.answer?.isWhole, false);
  ok(reader.answer?.body.startsWith('{"a":'));
  strictEqual(read("HTTP/1.1 200 OK\r\n", 3).answer, undefined);
});

Deno.test("AnswerReader: the last chunk without the empty line -> the answer is whole, and more is waited for before the connection may stay", () => {
  for (const trailer of ["", "x-a: 1\r\n", "x-a: 1\r\nx-b: 2\r\n"]) {
    const reader = new AnswerReader(1_000);
    strictEqual(reader.push(bytes(CHUNKED.slice(0, -2) + trailer)), false);
    ok(reader.answer?.isWhole);
    ok(!reader.mayStay);
    strictEqual(reader.push(bytes("\r")), false);
    ok(!reader.mayStay);
    strictEqual(reader.push(bytes("\n")), true);
    ok(reader.mayStay, trailer);
  }
});

Deno.test("AnswerReader: something behind the end of a chunked answer -> the connection does not stay", () => {
  ok(!read(`${CHUNKED}HTTP/1.1 200 OK\r\n`, 1_000).mayStay);
});

const BAD: readonly (readonly [string, string])[] = [
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["half a line of it", "220 mail"],
  ["a head without an end", `HTTP/1.1 200 OK\r\n${"x".repeat(70_000)}`],
  [
    "interim answers without end",
    "HTTP/1.1 102 Processing\r\n\r\n".repeat(3_000),
  ],
  ["a status that is none", "HTTP/1.1 abc OK\r\n\r\n"],
  [
    "a chunk without a size",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
  ],
  ["more than an answer may be", `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(2_000)}`],
];

for (const [name, text] of BAD) {
  Deno.test(`AnswerReader: ${name} -> refused`, () => {
    throws(() => read(text, 1_000), NoHttpError);
  });
}
