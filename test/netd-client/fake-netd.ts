import { Bus } from '../../src/bus/connection.ts';
import { messageType } from '../../src/bus/wire.ts';

/** What stands for banger-netd on a bus of a test: it answers as it is told, and remembers what it was asked. */
export class FakeNetd {
  readonly asked: string[] = [];
  /** The name of an error to answer with. */
  refusal: string | undefined;
  readonly refusalText = 'you may not; run `usermod -aG banger alice`';
  domains = ['vm', 'alice.vm'];
  readonly #bus: Bus;

  private constructor(bus: Bus) {
    this.#bus = bus;
  }

  static async on(address: string, name = 'org.banger.Network1'): Promise<FakeNetd> {
    const bus = await Bus.connect(address, 5_000);
    const fake = new FakeNetd(bus);
    bus.serve((message) => {
      fake.asked.push([message.member, ...message.body().map((value) => JSON.stringify(value))].join(' '));
      const header = { replySerial: message.serial, destination: message.sender ?? '' };
      if (fake.refusal !== undefined) {
        const error = { type: messageType.error, errorName: fake.refusal, signature: 's', ...header };
        bus.send(error, [fake.refusalText]);
      } else if (message.member === 'SetResolver') {
        bus.send({ type: messageType.reply, signature: 'as', ...header }, [fake.domains]);
      } else {
        bus.send({ type: messageType.reply, ...header }, []);
      }
    });
    if (!(await bus.requestName(name))) throw new Error(`${name} is taken`);
    return fake;
  }

  /** Leaves the bus, as by a crash. */
  end(): void {
    this.#bus.close();
  }
}
