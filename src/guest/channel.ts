import { constants } from 'node:os';
import { finished, type Readable } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { cancelled, onAbort, throwIfCancelled } from '../common/abort.ts';
import { BangerError, getMessage } from '../common/errors.ts';
import { collect, type Outcome } from '../common/exec.ts';
import { notFirstShell } from '../ssh/guest-variables.ts';
import { unreachable, whyClosed } from './ssh-client.ts';
import { grantCommand } from './ssh-socket.ts';

export interface ChannelOptions {
  /** Sent to standard input, which is then closed; without it there is none. */
  input?: Readable | Buffer | string | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Runs a command over a channel of its own to its end and gives its output, of which it keeps as much as
 * `execute` of common/exec.ts does. When it is given up the channel is closed, whatever the guest does.
 * @throws GuestUnreachable if the connection breaks first, Timeout, Cancelled
 */
export async function runOverChannel(
  client: Client,
  command: string,
  options: ChannelOptions,
): Promise<Outcome> {
  const { input, timeoutMs, signal } = options;
  throwIfCancelled(signal);
  const settled = Promise.withResolvers<Outcome>();
  const seconds = timeoutMs / 1000;
  const deadline = setTimeout(
    () => settled.reject(new BangerError('Timeout', `the guest did not end a command within ${seconds} s`)),
    timeoutMs,
  );
  using _cancellation = onAbort(signal, () => settled.reject(cancelled('while a command ran in the guest')));
  let over = false;
  let channel: ClientChannel | undefined;
  try {
    grantCommand(client);
    client.exec(command, { env: notFirstShell }, (error, opened) => {
      if (error) return settled.reject(unreachable(error.message));
      if (over) return opened.close();
      channel = opened;
      followChannel(client, opened).then(settled.resolve, settled.reject);
      feed(opened, input);
    });
    return await settled.promise;
  } catch (error) {
    throw error instanceof BangerError ? error : unreachable(getMessage(error));
  } finally {
    over = true;
    clearTimeout(deadline);
    channel?.close();
  }
}

/** Gives what came over a channel when it has closed. @throws GuestUnreachable if there was no status */
async function followChannel(client: Client, channel: ClientChannel): Promise<Outcome> {
  const [stdout, stderr] = [collect(channel), collect(channel.stderr)];
  const errorsRead = new Promise((resolve) => channel.stderr.once('end', resolve));
  let status: number | undefined;
  channel.on('exit', (code: number | null, name?: string) => {
    status = code ?? 128 + signalNumber(name);
  });
  await new Promise((resolve) => channel.once('close', resolve));
  await errorsRead;
  if (status === undefined) throw unreachable(whyClosed(client, 'the connection broke while a command ran'));
  return { stdout: stdout(), stderr: stderr(), status };
}

function feed(channel: ClientChannel, input: ChannelOptions['input']): void {
  // A program may end without reading all of its input; its status says whether that is a failure.
  channel.on('error', () => undefined);
  if (!isStream(input)) {
    channel.end(input ?? '');
    return;
  }
  input.pipe(channel);
  // The program sees the end of an input that breaks off, and goes on to a status of its own.
  finished(input, { writable: false }, (error) => {
    if (error) channel.end();
  });
}

/** Takes a stream as input. @returns what tells whoever writes it that nobody reads it any more */
export function guardInput(input: ChannelOptions['input']): () => void {
  if (!isStream(input)) return () => undefined;
  // It may break off before there is a channel for it.
  input.on('error', () => undefined);
  return () => void input.destroy();
}

function isStream(input: ChannelOptions['input']): input is Readable {
  return typeof input === 'object' && !Buffer.isBuffer(input);
}

function signalNumber(name: string | undefined): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return numbers[name ?? ''] ?? 0;
}
