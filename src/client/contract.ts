/** What front ends take from the contract: the types of options, and structs by the names of their fields. */
export type { OptionsOf, RowsOf } from '../bus/interfaces.ts';
export { fromRow } from '../bus/rows.ts';
