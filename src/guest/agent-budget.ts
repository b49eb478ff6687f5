import { BangerError } from '../common/errors.ts';
import { WorkBudget } from '../common/work-budget.ts';

/** The guest sends more than anybody asked for. */
export class FloodError extends BangerError {}

/** A reply is half a mebibyte at most; in small chunks it is several times that work. */
const unitsOfReply = 2 * 1024 * 1024;
/** Replies to earlier hosts may come first, a port having no connections. */
const limits = { capacity: 4 * unitsOfReply, perSecond: 64 * 1024 } as const;

/** What the agent of one guest may cost the host: each question pays for a reply, and little else is paid for. */
export class AgentBudget {
  readonly #work = new WorkBudget(limits);
  readonly #onCutOff: ((why: string) => void) | undefined;
  #cutOff: string | undefined;

  /** @param onCutOff is told why, once, when the agent has cost too much */
  constructor(onCutOff?: (why: string) => void) {
    this.#onCutOff = onCutOff;
  }

  /** @throws GuestUnreachable with the reason if the agent was cut off */
  check(): void {
    if (this.#cutOff === undefined) return;
    throw new FloodError('GuestUnreachable', this.#cutOff, {
      remedy: 'restart the VM to have it asked again',
    });
  }

  /** A question was sent. */
  asked(): void {
    this.#work.grant(unitsOfReply);
  }

  /** Something was read, which was that much work. @throws GuestUnreachable if it is more than there was left */
  spend(units: number): void {
    if (!this.#work.spend(units) && this.#cutOff === undefined) {
      this.#cutOff = 'the guest agent was cut off because it keeps sending data that was not requested';
      this.#onCutOff?.(this.#cutOff);
    }
    this.check();
  }
}

/** The budgets of all guests, each from a start of its VM to its end. */
export class AgentBudgets {
  readonly #budgets = new Map<string, AgentBudget>();
  readonly #onCutOff: (id: string, why: string) => void;

  /** @param onCutOff is told of each guest whose agent is cut off */
  constructor(onCutOff: (id: string, why: string) => void) {
    this.#onCutOff = onCutOff;
  }

  /** What the agent of a VM's guest may cost. */
  of(id: string): AgentBudget {
    const present = this.#budgets.get(id);
    if (present) return present;
    const budget = new AgentBudget((why) => this.#onCutOff(id, why));
    this.#budgets.set(id, budget);
    return budget;
  }

  /** Forgets what a guest has cost, as when its VM has ended. */
  forget(id: string): void {
    this.#budgets.delete(id);
  }
}
