import { statSync } from 'node:fs';
import type { HostFacts } from './host-facts.ts';

/** How long journalctl may take to find one entry. */
const findTimeoutMs = 10_000;

/** The machine that we run on. What reads logs is loaded when a log is read: few commands do. */
export const localHost: HostFacts = {
  async openLog(path) {
    const { LogFile } = await import('../logs/log-file.ts');
    return new LogFile(path);
  },

  async openJournal(matches, query) {
    const { JournalLog } = await import('./logs/journal.ts');
    return new JournalLog(matches, query);
  },

  async findLastEntry(matches) {
    const { journalCommand, parseJournalEntry } = await import('./logs/journal.ts');
    const { execute } = await import('../common/exec.ts');
    const command = journalCommand(matches, { lines: 1 });
    const outcome = await execute({ ...command, timeoutMs: findTimeoutMs }).catch(() => undefined);
    return parseJournalEntry(outcome?.stdout.trim() ?? '');
  },

  async findChangeTime(path) {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  },

  async resolveAccess(access) {
    return access;
  },
};
