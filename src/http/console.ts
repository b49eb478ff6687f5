import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogFile } from '../logs/log-file.ts';
import { beginStream, writeTo } from './stream.ts';

const pollMs = 200;

/** What a VM's kernel and programs wrote to its console. */
export interface Console {
  file: string;
  /** Checks whether more may come. */
  isLive(): boolean;
}

/** Sends a console as far as it goes, and what is written to it until nothing more can come if `follow` says so. */
export async function sendConsole(response: ServerResponse, source: Console, follow: boolean): Promise<void> {
  beginStream(response, 'application/octet-stream');
  const log = new LogFile(source.file);
  for (let last = false; !last && !response.destroyed; ) {
    last = !follow || !source.isLive();
    for await (const news of log.news()) {
      // It was emptied, by a start or because it had grown too long, and begins anew.
      if (news === 'emptied') continue;
      if (!(await writeTo(response, news))) return;
    }
    if (!last) await sleep(pollMs);
  }
  response.end();
}
