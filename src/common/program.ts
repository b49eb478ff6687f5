/** A program to supervise, by its absolute path. Arguments are given as they are: there is no shell. */
export interface Program {
  file: string;
  args: readonly string[];
}
