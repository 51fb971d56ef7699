/** Certificates in files, made by `openssl`: what they say, and what is wrong with them. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { isFor, readCertificates } from "../../../lib/base/net/certificate.ts";
import {
  flawsOf,
  KeyPairKeeper,
  readKeyPair,
} from "../../../lib/base/net/key_pair.ts";
import { KittyError } from "../../../lib/base/errors.ts";
import { jsonLog } from "../../../lib/base/log.ts";
import { type Issued, newAuthority } from "../../support/authority.ts";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/home.ts";
import { needing, OPENSSL, outputOf } from "../../support/needs.ts";
import { TestWorld } from "../../support/world.ts";

const DAY_MS = 24 * 60 * 60_000;

Deno.test(needing(
  [OPENSSL],
  "readCertificates: names, addresses, times of any century -> as openssl has written them",
  async () => {
    await using authority = await newAuthority();
    const { certFile } = await authority.issue({
      names: [
        ...["DNS:Events.Example.test", "DNS:*.wild.example"],
        ...["IP:192.0.2.1", "IP:2001:db8::1", "email:a@b.example"],
      ],
      // Beyond 2049 times have another form.
      days: 365 * 40,
    });
    const pem = await Deno.readTextFile(certFile);
    const [certificate, ...more] = readCertificates(pem);
    deepStrictEqual(more, []);
    const { names, fromMs, untilMs } = certificate!;
    deepStrictEqual(names, [
      ...["events.example.test", "*.wild.example", "192.0.2.1"],
      "2001:db8:0:0:0:0:0:1",
    ]);
    strictEqual(untilMs - fromMs, 365 * 40 * DAY_MS);
    ok(Math.abs(Date.now() - fromMs) < DAY_MS, `${fromMs}`);
    for (
      const [host, expected] of [
        ["events.example.test", true],
        ["EVENTS.example.test.", true],
        ["a.wild.example", true],
        ["a.b.wild.example", false],
        ["wild.example", false],
        ["192.0.2.1", true],
        ["[2001:db8::1]", true],
        ["192.0.2.2", false],
        ["other.example", false],
      ] as const
    ) strictEqual(isFor(certificate!, host), expected, host);
    // A chain, and text between, as authorities send it.
    strictEqual(readCertificates(`# one\n${pem}# two\n${pem}`).length, 2);
  },
));

/** Why a pair cannot be used. */
async function refusal(pair: Issued): Promise<string> {
  try {
    await readKeyPair(pair);
  } catch (error) {
    ok(error instanceof KittyError, String(error));
    strictEqual(error.code, "bad_certificate");
    strictEqual(error.exit, 78);
    ok(error.hint);
    return error.message;
  }
  throw new Error(`${pair.certFile} was taken`);
}

Deno.test(needing(
  [OPENSSL],
  "readKeyPair: missing, a folder, no PEM, damaged, encrypted, of another pair, too large -> says which file, and nothing of a key",
  async () => {
    await using authority = await newAuthority();
    await using folder = await tempFolder();
    const good = await authority.issue(), other = await authority.issue();
    const at = (name: string) => `${folder.path}/${name}`;
    const put = async (name: string, text: string) => {
      await Deno.writeTextFile(at(name), text);
      return at(name);
    };
    const cert = await Deno.readTextFile(good.certFile);
    const key = await Deno.readTextFile(good.keyFile);
    const encrypted = at("encrypted");
    await outputOf("openssl", [
      ...["pkey", "-in", good.keyFile, "-aes128", "-passout", "pass:x"],
      ...["-out", encrypted],
    ]);
    const cases: readonly [Partial<Issued>, RegExp][] = [
      [{ certFile: at("none") }, /no file .*none for the certificate/],
      [{ keyFile: at("none") }, /no file .*none for the key/],
      [{ certFile: folder.path }, /for the certificate, is no file/],
      [{ certFile: await put("text", "text") }, /no certificate in PEM/],
      [{ certFile: good.keyFile }, /no certificate in PEM/],
      [{ keyFile: good.certFile }, /no private key in PEM/],
      [{ keyFile: at("text") }, /no private key in PEM/],
      [{ keyFile: encrypted }, /is encrypted/],
      [{ keyFile: other.keyFile }, /is not that of the first certificate/],
      // The authority's own comes first.
      [
        {
          certFile: await put(
            "chain",
            await Deno.readTextFile(authority.caFile) + cert,
          ),
        },
        /is not that of the first certificate/,
      ],
      [
        {
          certFile: await put(
            "half",
            `${cert.slice(0, 300)}\n-----END CERTIFICATE-----\n`,
          ),
        },
        /half/,
      ],
      [{ certFile: await put("cut", cert.slice(0, 300)) }, /cut/],
      [
        { certFile: await put("large", "x".repeat(1024 * 1024 + 1)) },
        /larger than/,
      ],
    ];
    const secret = key.split("\n")[1]!;
    for (const [change, why] of cases) {
      const message = await refusal({ ...good, ...change });
      match(message, why);
      ok(!message.includes(secret), message);
    }
    strictEqual((await readKeyPair(good)).key, key);
    // Behind the server's own, others may come.
    const certFile = await put(
      "whole",
      cert + await Deno.readTextFile(authority.caFile),
    );
    ok((await readKeyPair({ ...good, certFile })).certificate);
  },
));

Deno.test("flawsOf: ended, ending, not yet, for others, for nobody -> in words; none where all is well", () => {
  const nowMs = () => Date.UTC(2026, 1, 3, 12);
  const flaws = (
    fromDays: number,
    untilDays: number,
    names: string[],
    host?: string,
  ) =>
    flawsOf(
      {
        fromMs: nowMs() + fromDays * DAY_MS,
        untilMs: nowMs() + untilDays * DAY_MS,
        names,
      },
      { nowMs },
      host,
    );
  deepStrictEqual(flaws(-1, 15, ["a.example"]), []);
  deepStrictEqual(flaws(-1, 15, ["a.example"], "a.example"), []);
  deepStrictEqual(flaws(-9, -1, ["a.example"]), [
    "has expired, on 2026-02-02",
  ]);
  deepStrictEqual(flaws(-9, 13, ["a.example"]), ["expires on 2026-02-16"]);
  deepStrictEqual(flaws(1, 99, ["a.example"]), [
    "is not good before 2026-02-04",
  ]);
  deepStrictEqual(flaws(-1, 99, []), [
    "names no host, and no client takes it",
  ]);
  deepStrictEqual(flaws(-1, 99, ["a.example"], "b.example"), [
    "is not for b.example, but for a.example",
  ]);
});

Deno.test(needing(
  [OPENSSL],
  "KeyPairKeeper: new files, bad ones, half of a pair for a moment -> the last good one counts, and what is bad is told once",
  async () => {
    await using authority = await newAuthority();
    await using folder = await tempFolder();
    const [first, second] = [await authority.issue(), await authority.issue()];
    const certFile = `${folder.path}/cert`, keyFile = `${folder.path}/key`;
    const put = async (cert: string, key: string) => {
      await Deno.copyFile(cert, certFile);
      await Deno.copyFile(key, keyFile);
    };
    await put(first.certFile, first.keyFile);
    const world = new TestWorld({ nowMs: Date.now() });
    let aheadMs = 0;
    world.elapsedMs = () => performance.now() + aheadMs;
    const logged: { level: string; message: string; reason?: string }[] = [];
    const keeper = await KeyPairKeeper.open({
      ...{ certFile, keyFile, world, host: undefined },
      log: jsonLog(world.nowMs, (line) => logged.push(JSON.parse(line))),
    });
    // Good for two days only.
    match(logged.splice(0)[0]!.message, /expires on/);
    const taken: string[] = [];
    keeper.onChange(({ cert }) => void taken.push(cert));
    const over = new AbortController();
    const watching = keeper.watch(over.signal, 100);
    // Some looks, of which none may tell anything.
    const looks = () => new Promise((resolve) => setTimeout(resolve, 600));
    await looks();
    deepStrictEqual([taken, logged], [[], []]);
    await put(second.certFile, second.keyFile);
    await eventually("it is taken", () => taken.length > 0);
    const cert = await Deno.readTextFile(second.certFile);
    deepStrictEqual(taken, [cert]);
    strictEqual(keeper.current.cert, cert);
    match(logged[0]!.message, /a new certificate is used/);
    logged.length = 0;
    await put(first.certFile, second.keyFile);
    await keeper.reload();
    await looks();
    strictEqual(logged.length, 1, JSON.stringify(logged));
    strictEqual(logged[0]!.level, "error");
    match(logged[0]!.message, /the certificate before is used on/);
    match(logged[0]!.reason!, /is not that of the first certificate/);
    strictEqual(keeper.current.cert, cert);
    logged.length = 0;
    await put(first.certFile, first.keyFile);
    await keeper.reload();
    strictEqual(taken.length, 2);
    logged.length = 0;
    aheadMs += DAY_MS + 1;
    await eventually("it is told again", () => logged.length > 0);
    match(logged[0]!.message, /expires on/);
    over.abort();
    await watching;
  },
));
