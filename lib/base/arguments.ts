/**
 * What a command takes, as data: parsed, completed and explained by the
 * command line.
 *
 * @module
 */

/** An option of a command, without its dashes in the table's key. */
export interface Option {
  /** `flag` takes no value, `text` one, `list` may come several times. */
  readonly kind: "flag" | "text" | "list";
  readonly help: string;
  /** Name of the value in the help, such as `SLUG`. */
  readonly value?: string;
  /** Allowed values; others are wrong usage. */
  readonly choices?: readonly string[];
  readonly required?: boolean;
}

/** A positional argument of a command. */
export interface Positional {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  /** Takes all that follow. */
  readonly rest?: boolean;
}

/** What a command takes. */
export interface ArgsSpec {
  readonly positionals: readonly Positional[];
  readonly options: Readonly<Record<string, Option>>;
}

/** What was given. */
export interface Args {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}
