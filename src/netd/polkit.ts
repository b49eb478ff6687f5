import type { Bus } from '../bus/connection.ts';
import { BangerError, getProblem } from '../common/errors.ts';

const action = 'org.banger.network.configure';
/** polkit asks nobody: it answers in some tens of milliseconds. */
const deadlineMs = 10_000;
/** A person who is asked for a password takes a while. */
const interactiveDeadlineMs = 90_000;
const allowInteraction = 1;

/**
 * Has polkit decide about whoever has this connection to the bus.
 * @param sender its unique name
 * @throws AccessDenied if it says no, HostNotReady if there is no polkit, Timeout
 */
export async function authorize(bus: Bus, sender: string, interactive: boolean): Promise<void> {
  let result: unknown;
  try {
    [result] = await bus.call({
      destination: 'org.freedesktop.PolicyKit1',
      path: '/org/freedesktop/PolicyKit1/Authority',
      interface: 'org.freedesktop.PolicyKit1.Authority',
      member: 'CheckAuthorization',
      signature: '(sa{sv})sa{ss}us',
      body: [['system-bus-name', { name: sender }], action, {}, interactive ? allowInteraction : 0, ''],
      timeoutMs: interactive ? interactiveDeadlineMs : deadlineMs,
    });
  } catch (error) {
    if (error instanceof BangerError && error.code === 'Timeout') throw error;
    throw new BangerError('HostNotReady', `polkit does not decide: ${getProblem(error)}`, {
      remedy: 'install the package polkitd',
      cause: error,
    });
  }
  const [isAuthorized] = Array.isArray(result) ? result : [];
  if (isAuthorized === true) return;
  throw new BangerError('AccessDenied', 'polkit does not let you configure the network of VMs', {
    remedy: 'run `sudo usermod -aG banger $USER` and log in again',
  });
}
