import type { Bus } from './connection.ts';
import { nameOnBus, toErrorReply } from './errors.ts';
import { managerName } from './interfaces.ts';
import { messageFlag, messageType } from './wire.ts';

/**
 * Tells the callers that wait for a daemon that cannot start why: takes the name, at which the bus hands over their
 * calls, refuses these and leaves again. Without that they, and whoever calls later, would wait for the bus to give up.
 * @param otherwise the message for an error that callers may not see
 */
export async function refuseCalls(bus: Bus, error: unknown, otherwise: string): Promise<void> {
  const { name, message } = toErrorReply(error) ?? { name: nameOnBus('Internal'), message: otherwise };
  bus.serve(({ flags, serial, sender }) => {
    if ((flags & messageFlag.noReplyExpected) !== 0 || !sender) return;
    const header = { replySerial: serial, destination: sender, errorName: name, signature: 's' };
    bus.send({ type: messageType.error, ...header }, [message.replaceAll('\0', '')]);
  });
  if (!(await bus.requestName(managerName))) return;
  await bus.roundTrip();
  await bus.releaseName(managerName);
  await bus.roundTrip();
}
