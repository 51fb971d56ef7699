/**
 * Contracts in folders: one that is to be added, and those that were.
 *
 * @module
 */

import { reasonOf } from "../../base/errors.ts";
import { FOLDER_MODE } from "../../base/files.ts";
import { type ContractFiles, type FileSource, readContract } from "./added.ts";
import type { RowContract } from "./row_contract.ts";

/** Largest file that is looked at. */
const FILE_BYTES_MAX = 1024 * 1024;

/** A folder that a contract is read from; no link may lead out of it. */
export async function folderSource(path: string): Promise<FileSource> {
  const root = await Deno.realPath(path);
  return {
    name: root.split(/[/\\]/).at(-1)!,
    async read(name) {
      const real = await Deno.realPath(`${root}/${name}`).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        throw new Error("there is no such file");
      });
      const isInside = real.startsWith(root) &&
        /^[/\\]/.test(real.slice(root.length));
      if (!isInside) throw new Error("it leads out of the folder");
      const { isFile, size } = await Deno.stat(real);
      if (!isFile) throw new Error("it is not a file");
      if (size > FILE_BYTES_MAX) throw new Error("it is too large");
      return await Deno.readTextFile(real);
    },
  };
}

/** Contracts that were added; one that cannot be read any more is left out. */
export async function readAdded(folder: string): Promise<RowContract[]> {
  return (await lookAtAdded(folder)).flatMap(({ contract }) => contract ?? []);
}

/** A contract that was added, or why it cannot be used any more. */
export interface AddedContract {
  /** Its folder's name: `<name>@<version>`. */
  readonly label: string;
  readonly contract?: RowContract;
  readonly trouble?: string;
}

/** The same, with what is wrong. */
export async function lookAtAdded(folder: string): Promise<AddedContract[]> {
  const labels: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory && name.includes("@")) labels.push(name);
    }
  } catch {
    // There are none.
  }
  return await Promise.all(
    labels.sort().map(async (label) => {
      try {
        const source = await folderSource(`${folder}/${label}`);
        const { contract } = await readContract(source);
        return { label, contract };
      } catch (error) {
        return { label, trouble: reasonOf(error) };
      }
    }),
  );
}

/** Stores a contract in the folder of a home: all of it, or nothing. */
export async function storeContract(
  folder: string,
  { name, version }: RowContract,
  files: ContractFiles,
): Promise<void> {
  const label = `${name}@${version}`;
  const temporary = `${folder}/.${label}.tmp`;
  await Deno.remove(temporary, { recursive: true }).catch(() => {});
  for (const [file, text] of files) {
    const path = `${temporary}/${file}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), {
      recursive: true,
      mode: FOLDER_MODE,
    });
    await Deno.writeTextFile(path, text);
  }
  await Deno.rename(temporary, `${folder}/${label}`);
}
