import type { Plain } from './values.ts';
import type { Message } from './wire.ts';

/** Which signals to hear; what is absent matches everything. */
export interface Match {
  /** A unique or a well-known name. */
  sender?: string;
  path?: string;
  interface?: string;
  member?: string;
}

export interface Signal {
  path: string;
  interface: string;
  member: string;
  body: Plain[];
}

type CallBus = (member: string, signature: string, body: string[]) => Promise<Plain[]>;

const busName = 'org.freedesktop.DBus';

/** Keeps the match rules of one connection and hands each signal to those who asked for it. */
export class Signals {
  readonly #callBus: CallBus;
  readonly #subscriptions = new Set<{ match: Match; handler: (signal: Signal) => void }>();
  /** Present owners of the well-known names that subscriptions name as sender. */
  readonly #owners = new Map<string, string>();

  constructor(callBus: CallBus) {
    this.#callBus = callBus;
  }

  /** Hears signals from the moment the promise resolves, until the function it gives is called. */
  async subscribe(match: Match, handler: (signal: Signal) => void): Promise<() => Promise<void>> {
    const { sender } = match;
    const [unsubscribe, forget] = await Promise.all([
      this.#add(match, ruleOf(match), handler),
      sender && isWellKnown(sender)
        ? this.onOwner(sender, (owner) => this.#owners.set(sender, owner))
        : undefined,
    ]);
    return async () => {
      await Promise.all([unsubscribe(), forget?.()]);
    };
  }

  /** Tells the owner of a name, now and whenever it changes; empty if there is none. */
  async onOwner(name: string, handler: (owner: string) => void): Promise<() => Promise<void>> {
    const match = {
      sender: busName,
      path: '/org/freedesktop/DBus',
      interface: busName,
      member: 'NameOwnerChanged',
    };
    const [unsubscribe, owner] = await Promise.all([
      this.#add(match, `${ruleOf(match)},arg0='${name}'`, ({ body: [changed, , now] }) => {
        if (changed === name) handler(String(now));
      }),
      this.#callBus('GetNameOwner', 's', [name]).then(
        ([present]) => String(present),
        (error: unknown) => {
          if (error instanceof Error && 'dbusName' in error) return '';
          throw error;
        },
      ),
    ]);
    handler(owner);
    return unsubscribe;
  }

  dispatch(message: Message): void {
    const signal = {
      path: message.path ?? '',
      interface: message.interface ?? '',
      member: message.member ?? '',
    };
    for (const { match, handler } of [...this.#subscriptions]) {
      if (match.path !== undefined && match.path !== signal.path) continue;
      if (match.interface !== undefined && match.interface !== signal.interface) continue;
      if (match.member !== undefined && match.member !== signal.member) continue;
      if (match.sender !== undefined && !this.#isFrom(match.sender, message.sender)) continue;
      try {
        handler({ ...signal, body: message.body() });
      } catch (error) {
        // A handler's bug must be seen, and must not keep the signal from the others.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #isFrom(wanted: string, sender: string | undefined): boolean {
    return sender === (isWellKnown(wanted) ? this.#owners.get(wanted) : wanted);
  }

  async #add(match: Match, rule: string, handler: (signal: Signal) => void): Promise<() => Promise<void>> {
    const subscription = { match, handler };
    this.#subscriptions.add(subscription);
    try {
      await this.#callBus('AddMatch', 's', [rule]);
    } catch (error) {
      this.#subscriptions.delete(subscription);
      throw error;
    }
    return async () => {
      // A connection that is gone has no rules left to remove.
      if (this.#subscriptions.delete(subscription)) {
        await this.#callBus('RemoveMatch', 's', [rule]).catch(() => undefined);
      }
    };
  }
}

function isWellKnown(name: string): boolean {
  return !name.startsWith(':') && name !== busName;
}

function ruleOf(match: Match): string {
  const keys = ['sender', 'path', 'interface', 'member'] as const;
  const conditions = keys.flatMap((key) => (match[key] === undefined ? [] : [`${key}='${match[key]}'`]));
  return ["type='signal'", ...conditions].join(',');
}
