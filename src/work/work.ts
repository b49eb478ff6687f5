/**
 * What a piece of long work is given: a signal that says stop, and a way to tell where it is.
 * Jobs on the bus are one implementation; tests and scripts bring their own.
 */
export interface Work {
  /** The number of the job that this is the work of, if it is one's. */
  readonly job?: number | undefined;
  /** Aborted when the work is cancelled; then it undoes what it did and throws Cancelled. */
  readonly signal: AbortSignal;
  /**
   * Tells the step that begins now.
   * @param name a code in kebab case, such as `image-bootstrap`
   * @param progress of this step from 0 to 1, if it is known; may be told again as it grows
   */
  stage(name: string, progress?: number): void;
}
