/** What a build of a package is asked for. */
export interface Request {
  /** The directory for the package. */
  output: string;
  /** Of every file in it, and of what it says of its release. */
  date: Date;
}

/** Reads it from the arguments and the environment. @throws Error if something is missing */
export function readRequest(): Request {
  const [output] = process.argv.slice(2);
  const epoch = process.env.SOURCE_DATE_EPOCH;
  if (output === undefined) throw new Error('usage: build.ts OUTPUT-DIRECTORY');
  if (epoch === undefined) throw new Error('SOURCE_DATE_EPOCH is not set');
  return { output, date: new Date(Number(epoch) * 1000) };
}
