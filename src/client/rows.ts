/** The structs that methods return, by the names of their fields. */
export type { RowsOf } from '../bus/interfaces.ts';
export { fromRow } from '../bus/rows.ts';
