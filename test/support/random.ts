/** Mulberry32: the same numbers for the same seed, so that a find can be run again. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What tests with random input begin with; told where they fail, and given to run a find again. */
export function fuzzSeed(): number {
  return Number(process.env.BANGER_FUZZ_SEED ?? Date.now() % 2 ** 31);
}
