/**
 * The file of a backup: a line that says what it is, then blocks of entries,
 * each compressed, with the SHA-256 of itself and all before it, and a last
 * one that is empty. So no bit of it can change, and no part can be missing,
 * without being seen before any of it is used.
 *
 *     kitty-events backup 1\n
 *     bytes u32 | SHA-256 | gzip of: (name u32 | value u32 | name | value)...
 *     0 u32     | SHA-256
 *
 * @module
 */

import { joined } from "../../base/bytes.ts";
import { KittyError, reasonOf } from "../../base/errors.ts";
import { BACKUP_BLOCK_BYTES, BACKUP_BLOCK_BYTES_MAX } from "../limits.ts";
import { NewFile } from "./new_file.ts";

/** What a backup consists of: a file of the folder, or a part of it; or a value of Deno KV. */
export type BackupName =
  | readonly ["file", name: string]
  | readonly ["kv", ...key: Deno.KvKey];

/** A piece of a backup. */
export type BackupEntry = readonly [name: BackupName, value: Uint8Array];

type Bytes = Uint8Array<ArrayBuffer>;

const HEAD = new TextEncoder().encode("kitty-events backup 1\n");
const DIGEST_BYTES = 32;

/** A backup while it is written. */
export class BackupWriter {
  readonly #file: NewFile;
  #digest: Bytes;
  #pieces: Uint8Array[] = [];
  #size = 0;

  private constructor(file: NewFile, digest: Bytes) {
    this.#file = file;
    this.#digest = digest;
  }

  /** @throws {KittyError} where there is such a file, or it cannot be written */
  static async create(path: string): Promise<BackupWriter> {
    const file = await NewFile.create(path, "plain");
    await file.write(HEAD).catch(async (error) => {
      await file.giveUp();
      throw error;
    });
    return new BackupWriter(file, await sha256(HEAD));
  }

  async add(name: BackupName, value: Uint8Array): Promise<void> {
    const label = new TextEncoder().encode(JSON.stringify(name));
    const sizes = u32(label.length, value.length);
    this.#pieces.push(sizes, label, value);
    this.#size += sizes.length + label.length + value.length;
    if (this.#size >= BACKUP_BLOCK_BYTES) await this.#flush();
  }

  /** Ends it. @returns its size in bytes, all of it on disk */
  async finish(): Promise<number> {
    if (this.#size > 0) await this.#flush();
    await this.#block(new Uint8Array());
    return await this.#file.finish();
  }

  giveUp(): Promise<void> {
    return this.#file.giveUp();
  }

  async #flush(): Promise<void> {
    const content = joined(this.#pieces) as Bytes;
    this.#pieces = [];
    this.#size = 0;
    await this.#block(await through(content, new CompressionStream("gzip")));
  }

  async #block(content: Bytes): Promise<void> {
    this.#digest = await sha256(this.#digest, content);
    await this.#file.write(u32(content.length));
    await this.#file.write(this.#digest);
    await this.#file.write(content);
  }
}

/**
 * Reads all of a backup, and finds that it is whole.
 *
 * @throws {KittyError} where it is not
 */
export async function checkBackup(path: string): Promise<void> {
  for await (const _ of blocksOf(path));
}

/** The entries of a backup, in their order. */
export async function* entriesOf(path: string): AsyncIterable<BackupEntry> {
  for await (const block of blocksOf(path)) {
    const content = await through(block, new DecompressionStream("gzip"))
      .catch((error) => {
        throw damaged(path, reasonOf(error));
      });
    const view = new DataView(content.buffer);
    for (let at = 0; at < content.length;) {
      const name = view.getUint32(at), value = view.getUint32(at + 4);
      const begin = at + 8, middle = begin + name;
      at = middle + value;
      const label = new TextDecoder().decode(content.subarray(begin, middle));
      yield [JSON.parse(label), content.subarray(middle, at)];
    }
  }
}

/** The blocks, each once it is known to be sound. */
async function* blocksOf(path: string): AsyncIterable<Bytes> {
  using file = await opened(path);
  const head = await readExactly(file, HEAD.length);
  if (!head || !isSame(head, HEAD)) {
    throw damaged(path, "it does not begin as a backup of this program does");
  }
  let digest = await sha256(HEAD);
  for (let n = 1;; n++) {
    const start = await readExactly(file, 4 + DIGEST_BYTES);
    if (!start) throw damaged(path, `it ends before its block ${n}`);
    const size = new DataView(start.buffer).getUint32(0);
    const content = size > BACKUP_BLOCK_BYTES_MAX
      ? undefined
      : await readExactly(file, size);
    if (!content) throw damaged(path, `it ends in its block ${n}`);
    digest = await sha256(digest, content);
    if (!isSame(digest, start.subarray(4))) {
      throw damaged(path, `its block ${n} is not what was written`);
    }
    if (size === 0) break;
    yield content;
  }
  if (await file.read(new Uint8Array(1)) !== null) {
    throw damaged(path, "something follows its end");
  }
}

/** @throws {KittyError} for what is no file: a pipe, which cannot be read twice, would be waited for */
async function opened(path: string): Promise<Deno.FsFile> {
  try {
    const { isFile } = await Deno.stat(path);
    if (!isFile) throw new Error("it is not a file");
    return await Deno.open(path, { read: true });
  } catch (error) {
    throw new KittyError(
      "not_found",
      `cannot read ${path}: ${reasonOf(error)}`,
      { hint: "name the file that collector backup has made" },
    );
  }
}

function damaged(path: string, found: string): KittyError {
  return new KittyError("backup_damaged", `${path} is damaged: ${found}`, {
    hint: "nothing was written; take another backup",
  });
}

async function readExactly(
  file: Deno.FsFile,
  size: number,
): Promise<Bytes | undefined> {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size;) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) return undefined;
    done += count;
  }
  return bytes;
}

async function through(
  content: Bytes,
  stream: GenericTransformStream,
): Promise<Bytes> {
  const piped = new Blob([content]).stream()
    .pipeThrough(
      stream as TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>,
    );
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

async function sha256(...parts: Bytes[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(parts)));
}

function u32(...values: number[]): Bytes {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return bytes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
