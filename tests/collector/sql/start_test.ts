/** Stores that cannot be used, or not now: what is said, and that nothing is touched. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { KittyError } from "../../../lib/base/errors.ts";
import type { Engine } from "../../../lib/collector/engine.ts";
import type { IncomingEvent } from "../../../lib/collector/events/event_log.ts";
import { openPgEngine } from "../../../lib/collector/sql/pg_engine.ts";
import { LAYOUT } from "../../../lib/collector/sql/schema.ts";
import { encode } from "../../../lib/event/event.ts";
import { newAuthority } from "../../support/authority.ts";
import { eventOf } from "../../support/events.ts";
import { tempFolder } from "../../support/home.ts";
import { MOUNT, needing, OPENSSL, outputOf } from "../../support/needs.ts";
import { freePort } from "../../support/ports.ts";
import {
  databaseOf,
  PG_PASSWORD,
  PgServer,
  POSTGRES,
  sharedServer,
} from "../../support/postgres.ts";
import { rewritingProxy } from "../../support/rewriting_proxy.ts";
import { TestWorld } from "../../support/world.ts";

const server = sharedServer();

function open(url: string): Promise<Engine> {
  return openPgEngine(url, { world: new TestWorld(), onStored: () => {} });
}

/** That a store is refused; what is said of it. */
async function refused(url: string, code: string): Promise<string> {
  try {
    await (await open(url))[Symbol.asyncDispose]();
  } catch (error) {
    ok(error instanceof KittyError, String(error));
    const said = `${error.message} ${error.hint}`;
    strictEqual(error.code, code, said);
    ok(error.hint);
    const secrets = [PG_PASSWORD, encodeURIComponent(PG_PASSWORD)];
    ok(!secrets.some((secret) => said.includes(secret)), said);
    return said;
  }
  throw new Error("it was opened");
}

/** An event with so many bytes that nothing compresses. */
function incoming(n: number, size = 0): IncomingEvent {
  const { envelope } = eventOf(n, { team: "alpha" });
  const pad = Array.from(
    { length: size / 20_000 },
    () => crypto.getRandomValues(new Uint8Array(15_000)).toBase64(),
  ).join("");
  const payload = { ...envelope.payload, pad };
  const whole = { ...envelope, payload } as unknown as typeof envelope;
  return { ...encode(whole), document: { ...whole } };
}

async function countOf({ events }: Engine): Promise<number> {
  const nodes = await events.nodes("alpha");
  return nodes.reduce((sum, node) => sum + node.events, 0);
}

Deno.test(
  needing(
    [POSTGRES],
    "start: a schema of somebody else -> refused, and untouched",
    async () => {
      for (
        const table of [
          "create table kitty_events.layout (x text)",
          "create table kitty_events.events (x text)",
          "select 1",
        ]
      ) {
        const url = await server.database(), name = databaseOf(url);
        await server.ask(`create schema kitty_events; ${table}`, name);
        const tables = () =>
          server.ask(
            "select relname from pg_class where relnamespace = 'kitty_events'::regnamespace order by 1",
            name,
          );
        const before = await tables();
        match(await refused(url, "store_unfit"), /not made by a collector/);
        deepStrictEqual(await tables(), before);
      }
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "start: a schema that a newer program has changed -> refused, and untouched",
    async () => {
      const url = await server.database();
      await (await open(url))[Symbol.asyncDispose]();
      await server.ask(
        `insert into kitty_events.layout values (${LAYOUT + 1})`,
        databaseOf(url),
      );
      match(
        await refused(url, "newer_layout"),
        new RegExp(`layout ${LAYOUT + 1}`),
      );
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "start: wrong password, user, database, rights, encoding -> said",
    async () => {
      const url = await server.database(), name = databaseOf(url);
      await refused(url.replace(/:[^:@/]+@/, ":wrong@"), "store_access");
      await refused(url.replace("kitty:", "nobody:"), "store_access");
      match(
        await refused(url.replace(name, "none"), "store_access"),
        /create the database/,
      );
      await server.ask("create role weak login password 'weak'");
      const weak = url.replace(/\/\/[^@]+@/, "//weak:weak@");
      match(await refused(weak, "store_access"), /rights/);
      await server.ask(
        "create database latin encoding 'LATIN1' template template0",
      );
      match(await refused(server.url("latin"), "store_unfit"), /LATIN1/);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "start: no server, one that takes no changes, one too old -> said",
    async () => {
      const url = await server.database(), name = databaseOf(url);
      const port = freePort();
      match(
        await refused(server.url(name, "", port), "store_unavailable"),
        new RegExp(`port ${port}`),
      );
      await server.ask(
        `alter database ${name} set default_transaction_read_only = on`,
      );
      await refused(url, "store_read_only");
      await using old = rewritingProxy(
        server.port,
        /\b1[4-9](\d{4})\b/,
        "13$1",
      );
      const other = databaseOf(await server.database());
      match(
        await refused(server.url(other, "", old.port), "store_unfit"),
        /14 or newer/,
      );
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES, OPENSSL],
    "sslmode: each, against servers with and without TLS -> as libpq has it",
    async () => {
      await using authority = await newAuthority();
      await using other = await newAuthority();
      await using secure = await PgServer.start({
        tls: await authority.issue(),
      });
      const of = (to: PgServer, parameters: string, host = "127.0.0.1") =>
        to.url("postgres").replace("127.0.0.1", host)
          .replace("sslmode=disable", parameters);
      const works = async (url: string) => {
        await using engine = await open(url);
        await engine.events.check();
      };
      const roots = `sslrootcert=${authority.caFile}`;
      const wrong = `sslrootcert=${other.caFile}`;
      await works(of(secure, "sslmode=disable"));
      await works(of(secure, "sslmode=prefer"));
      await works(of(server, "sslmode=prefer"));
      await works(of(secure, "sslmode=require"));
      await works(of(secure, `sslmode=verify-ca&${roots}`));
      await works(of(secure, `sslmode=verify-full&${roots}`));
      await works(of(secure, `sslmode=verify-full&${roots}`, "localhost"));
      const denied = "store_access";
      match(
        await refused(of(server, "sslmode=require"), denied),
        /no TLS/,
      );
      await refused(of(secure, `sslmode=verify-ca&${wrong}`), denied);
      await refused(of(secure, `sslmode=verify-full&${wrong}`), denied);
      await refused(of(secure, "sslmode=verify-full"), denied);
      await refused(of(secure, `sslmode=require&${wrong}`), denied);
      match(
        await refused(
          of(secure, "sslmode=verify-ca&sslrootcert=/none"),
          "bad_store_url",
        ),
        /sslrootcert/,
      );
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES],
    "admit: while the server is restarted -> everything stored once, no call fails",
    async () => {
      await using own = await PgServer.start();
      await using engine = await open(await own.database());
      let isOver = false;
      const restarting = own.restart().finally(() => isOver = true);
      let n = 0;
      while (!isOver) {
        const { events } = await engine.events.admit("alpha", [incoming(++n)]);
        deepStrictEqual(events, [{ kind: "stored" }]);
      }
      await restarting;
      await engine.events.admit("alpha", [incoming(++n)]);
      strictEqual(await countOf(engine), n);
    },
  ),
);

Deno.test(
  needing(
    [POSTGRES, MOUNT],
    "admit: a full disk -> said, nothing of it stored; with room again it goes on",
    async () => {
      await using folder = await tempFolder();
      const space = `${folder.path}/space`;
      await Deno.mkdir(space);
      await outputOf("mount", [
        "-t",
        "tmpfs",
        "-o",
        "size=14m,mode=0777",
        "tmpfs",
        space,
      ]);
      await using undo = new AsyncDisposableStack();
      undo.defer(async () => void await outputOf("umount", ["-l", space]));
      await Deno.chmod(folder.path, 0o755);
      await using own = await PgServer.start();
      await Deno.mkdir(`${space}/pg`);
      await own.takeOver(`${space}/pg`);
      await own.ask(`create tablespace small location '${space}/pg'`);
      await own.ask("create database small tablespace small");
      await using engine = await open(own.url("small"));
      let n = 0, error: unknown;
      while (!error && n < 200) {
        await engine.events.admit("alpha", [incoming(n + 1, 500_000)])
          .then(() => n++, (found) => error = found);
      }
      strictEqual((error as KittyError).code, "store_full");
      strictEqual(await countOf(engine), n);
      await outputOf("mount", ["-o", "remount,size=64m", space]);
      const { events } = await engine.events.admit("alpha", [
        incoming(n + 1, 500_000),
      ]);
      deepStrictEqual(events, [{ kind: "stored" }]);
    },
  ),
);
