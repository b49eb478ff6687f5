import type { Scene } from './scene.ts';

/** A way in which a repository names what is not of it. */
export interface Vector {
  name: string;
  /** Does it to the scene's repository. @returns what it did */
  make(scene: Scene): Attack;
  /** Runs only with BANGER_ATTACKS=1, because another of its kind runs always. */
  more?: boolean;
}

export interface Attack {
  /** Reads the way that is attacked, plainly; what it gives must hold the canary. */
  plain(): string | Buffer;
  /** What plain reading finds, if that is not the scene's canary. */
  finds?: string | Buffer;
  /** What must not arrive in the guest, if that is not the scene's canary; empty for what is no secret. */
  secret?: string;
  /** Begins what goes on while the workspace is prepared; the scene's clean-up ends it. */
  start?(): void;
  /** The directory that is prepared; the checkout where absent. */
  source?: string;
  /** Whether the repository is not the honest one but for the attack: then what arrives is not compared. */
  isOther?: boolean;
  /** Whether it takes the bounds of the program that reads checkouts to refuse it. */
  needsBounds?: boolean;
  /** Paths of the work tree that the attack changed: they are not compared with those of the honest repository. */
  touched?: string[];
}
