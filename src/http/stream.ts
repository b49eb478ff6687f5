import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A reader who leaves more than this unread is dropped, so that a slow one costs no memory. */
const maxUnreadBytes = 256 * 1024;
/** Also how long a reader may take to read anything at all. */
const heartbeatMs = 15_000;

/** Begins a response without an end of its own. */
export function beginStream(response: ServerResponse, contentType: string): void {
  response.writeHead(200, { 'Content-Type': contentType });
  response.flushHeaders();
}

/**
 * Sends events as they come, with a comment now and then that shows that the connection lives.
 * @param listen is given who is to be told, and gives how to end that
 */
export function streamEvents(
  response: ServerResponse,
  listen: (listener: (text: string) => void) => () => void,
): void {
  beginStream(response, 'text/event-stream');
  let isLate = false;
  const send = (text: string) => {
    response.write(text);
    if (response.writableLength > maxUnreadBytes) response.destroy();
  };
  const heartbeat = setInterval(() => {
    if (isLate && response.writableNeedDrain) response.destroy();
    isLate = response.writableNeedDrain;
    send(': alive\n\n');
  }, heartbeatMs);
  const unlisten = listen(send);
  response.on('close', () => {
    clearInterval(heartbeat);
    unlisten();
  });
}

/** Writes and waits until the reader has room for more. @returns whether it is still there */
export async function writeTo(response: ServerResponse, bytes: Uint8Array): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(bytes)) return true;
  const end = new AbortController();
  const readable = new Promise<boolean>((resolve) => {
    response.once('drain', () => resolve(true));
    response.once('close', () => resolve(false));
  });
  const late = sleep(heartbeatMs, false, { signal: end.signal }).catch(() => false);
  const goesOn = await Promise.race([readable, late]);
  end.abort();
  if (!goesOn) response.destroy();
  return goesOn;
}
