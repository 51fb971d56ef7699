/** A file of the page, compressed ahead. */
export interface Asset {
  /** Where it is served; `/` is the index. */
  readonly path: string;
  /** Its media type. */
  readonly type: string;
  /** Its gzip, in base64. */
  readonly gzip: string;
}

/** All files of the page. */
export declare const FILES: readonly Asset[];
