import type { Scene } from './scene.ts';

/** A way in which a repository names what is not of it. */
export interface Vector {
  name: string;
  /** Does it to the scene's repository. @returns what it did */
  make(scene: Scene): Attack;
  /** Runs only with BANGER_ATTACKS=all, because another of its kind runs always. */
  more?: boolean;
}

export interface Attack {
  /** Reads the way that is attacked, plainly; what it gives must hold the canary. */
  plain(): string | Buffer;
  /** What plain reading finds, if that is not the scene's canary. */
  finds?: string | Buffer;
  /** What must not arrive in the guest, if that is not the scene's canary; empty for what is no secret. */
  secret?: string;
  /** The directory that is prepared; the checkout where absent. */
  source?: string;
  /** Paths of the work tree that the attack changed: they are not compared with those of the honest repository. */
  touched?: string[];
}
