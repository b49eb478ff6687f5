/**
 * The environment for a daemon that outlives us: ours, without what another supervisor or bus meant for this
 * process alone.
 */
export function daemonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign =
    /^(BANGER_BUS_ADDRESS|DBUS_STARTER_.*|LISTEN_.*|NOTIFY_SOCKET|WATCHDOG_.*|INVOCATION_ID|JOURNAL_STREAM)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}
