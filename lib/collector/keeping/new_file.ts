/**
 * A file that is made for good: it has its name only once all of it is on
 * disk, and never takes the place of another.
 *
 * @module
 */

import { KittyError, reasonOf } from "../../base/errors.ts";
import { FILE_MODE, isTaken, syncFolder } from "../../base/files.ts";

/** A file while it is being written. */
export class NewFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #writing: Promise<void>;

  private constructor(
    path: string,
    file: Deno.FsFile,
    form: "gzip" | "plain",
  ) {
    this.#path = path;
    this.#file = file;
    const { readable, writable } = form === "gzip"
      ? new CompressionStream("gzip")
      : new TransformStream<BufferSource, Uint8Array<ArrayBuffer>>();
    this.#writer = writable.getWriter();
    this.#writing = writeAll(file, readable);
    // Looked at when it is finished.
    this.#writing.catch(() => {});
  }

  /**
   * Begins one.
   *
   * @throws {KittyError} where there is such a file, or it cannot be made
   */
  static async create(
    path: string,
    form: "gzip" | "plain",
  ): Promise<NewFile> {
    if (path === "") throw unwritable('""', "it is no name of a file");
    if (await isTaken(path)) throw taken(path, path);
    try {
      const file = await Deno.open(partOf(path), {
        write: true,
        createNew: true,
        mode: FILE_MODE,
      });
      return new NewFile(path, file, form);
    } catch (error) {
      throw error instanceof Deno.errors.AlreadyExists
        ? taken(path, partOf(path))
        : unwritable(path, error);
    }
  }

  /** @throws {KittyError} where it cannot be written */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#writer.write(bytes);
    } catch (error) {
      throw unwritable(this.#path, await this.#reasonOf(error));
    }
  }

  /** Why it cannot be written: its writer is told only that nobody reads what it is given. */
  #reasonOf(error: unknown): Promise<unknown> {
    return this.#writing.then(() => error, (reason) => reason);
  }

  /**
   * Gives it its name once it is on disk.
   *
   * @returns its size in bytes
   * @throws {KittyError} where it cannot be written, or another has its name
   */
  async finish(): Promise<number> {
    const path = this.#path, part = partOf(path);
    try {
      await this.#writer.close().catch(async (error) => {
        throw await this.#reasonOf(error);
      });
      await this.#writing;
      await this.#file.sync();
      const { size } = await this.#file.stat();
      this.#file.close();
      await named(part, path);
      await syncFolder(folderOf(path));
      return size;
    } catch (error) {
      await this.giveUp();
      throw error instanceof KittyError ? error : unwritable(path, error);
    }
  }

  /** Leaves nothing behind. */
  async giveUp(): Promise<void> {
    await this.#writer.abort().catch(() => {});
    await this.#writing.catch(() => {});
    try {
      this.#file.close();
    } catch {
      // It is closed already.
    }
    await Deno.remove(partOf(this.#path)).catch(() => {});
  }
}

/**
 * Lines of a gzip file, read back.
 *
 * @throws where it is damaged
 */
export async function linesIn(path: string): Promise<number> {
  const { readable } = await Deno.open(path, { read: true });
  let lines = 0;
  const pieces = readable.pipeThrough(new DecompressionStream("gzip"));
  for await (const piece of pieces) {
    for (let at = -1; (at = piece.indexOf(0x0a, at + 1)) >= 0;) lines++;
  }
  return lines;
}

/** The runtime loses what is piped to a file that it is not to close. */
async function writeAll(
  file: Deno.FsFile,
  content: ReadableStream<Uint8Array>,
): Promise<void> {
  for await (const piece of content) {
    for (let done = 0; done < piece.length;) {
      done += await file.write(piece.subarray(done));
    }
  }
}

/** A link is made only where there is nothing; not every file system has any. */
async function named(part: string, path: string): Promise<void> {
  try {
    await Deno.link(part, path);
    await Deno.remove(part);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw taken(path, path);
    if (await isTaken(path)) throw taken(path, path);
    await Deno.rename(part, path);
  }
}

function partOf(path: string): string {
  return `${path}.part`;
}

/** The folder of a file. */
export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}

function taken(path: string, found: string): KittyError {
  return new KittyError(
    "file_exists",
    `cannot write ${path}: ${found} is there`,
    { hint: "name another file: none is written over" },
  );
}

function unwritable(path: string, error: unknown): KittyError {
  return new KittyError(
    "output_failed",
    `cannot write ${path}: ${reasonOf(error)}`,
    { hint: "look at its folder, and at the disk's free space" },
  );
}
