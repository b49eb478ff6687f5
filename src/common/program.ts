/** A program to supervise, by its absolute path. Arguments are given as they are: there is no shell. */
export interface Program {
  file: string;
  args: readonly string[];
}

/** For programs in Node: by SIGUSR1 it would start a debugger on loopback, where every user of the host reaches it. */
export const noDebugger = '--disable-sigusr1';
