import { execute } from '../../common/exec.ts';

const sttyTimeoutMs = 2_000;

/**
 * Notes how the terminal is set and gives what sets it so again. ssh does that itself, except when it is
 * killed; then the user's shell would be left without echo.
 * @returns nothing where stty cannot tell
 */
export async function savedTerminal(): Promise<(() => Promise<void>) | undefined> {
  const stty = (argument: string) =>
    execute({ file: 'stty', args: ['-F', '/dev/tty', argument], timeoutMs: sttyTimeoutMs }).catch(
      () => undefined,
    );
  const saved = await stty('-g');
  if (saved?.status !== 0) return undefined;
  return async () => {
    await stty(saved.stdout.trim());
  };
}
