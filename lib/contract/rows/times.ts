/**
 * The instants that times of rows name.
 *
 * @module
 */

export { instantOf } from "../../../contracts/row_time.ts";
