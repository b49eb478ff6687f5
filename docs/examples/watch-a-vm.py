#!/usr/bin/python3
"""Makes a VM, tells all that happens to it, and deletes it again, over banger's D-Bus API.

Usage: watch-a-vm.py NAME [KEY=VALUE]...

The keys are options of CreateVM, such as memory=1073741824. Needs python3-gi. The bus is that of the session, or the
one in DBUS_SESSION_BUS_ADDRESS; where there is none, `banger daemon status` prints the address of banger's own.
"""

import sys

from gi.repository import Gio, GLib

NAME = "org.banger.Manager1"
MANAGER = "/org/banger/Manager1"
# The types of options that are not texts, by their names; docs/dbus-api.md has them all.
TYPES = {"vcpus": "u", "memory": "t", "disk_size": "t", "start": "b", "ephemeral": "b"}


def variant(key, text):
    """The value of an option, with the type that CreateVM documents for it."""
    kind = TYPES.get(key, "s")
    if kind == "b":
        return GLib.Variant("b", text == "true")
    return GLib.Variant(kind, text if kind == "s" else int(text))


class Client:
    """banger, and the jobs that it does for us."""

    def __init__(self):
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.loop = GLib.MainLoop()
        # How jobs ended. A job may end before the call that began it returns, so we listen from the beginning on.
        self.ended = {}
        self.listen("org.freedesktop.DBus.ObjectManager", self.on_object)
        self.listen("org.freedesktop.DBus.Properties", self.on_change)
        self.listen("org.banger.Manager1", self.on_manager)

    def listen(self, interface, callback):
        self.bus.signal_subscribe(NAME, interface, None, None, None, Gio.DBusSignalFlags.NONE, callback)

    def on_object(self, _bus, _sender, _path, _interface, signal, parameters):
        path, what = parameters.unpack()
        if signal == "InterfacesAdded":
            print("added", path, *what, flush=True)
        else:
            print("removed", path, *what, flush=True)

    def on_change(self, _bus, _sender, path, _interface, _signal, parameters):
        _, changed, _ = parameters.unpack()
        for key in ("State", "Stage"):
            if key in changed:
                print("changed", path, key, changed[key], flush=True)

    def on_manager(self, _bus, _sender, _path, _interface, signal, parameters):
        if signal == "JobRemoved":
            job, result, error, message = parameters.unpack()
            print("ended", job, result, error or "-", flush=True)
            self.ended[job] = (result, message)
            self.loop.quit()

    def call(self, path, interface, method, parameters=None):
        """Calls a method and gives its results. The bus starts bangerd if it does not run."""
        return self.bus.call_sync(
            NAME, path, interface, method, parameters, None, Gio.DBusCallFlags.NONE, -1, None
        ).unpack()

    def wait(self, job):
        """Waits for the end of a job, which may have come already. Exits with the job's message if it failed."""
        while job not in self.ended:
            self.loop.run()
        result, message = self.ended[job]
        if result != "done":
            sys.exit(message)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    name = sys.argv[1]
    options = {key: variant(key, value) for key, value in (word.split("=", 1) for word in sys.argv[2:])}
    client = Client()
    vm, job = client.call(MANAGER, NAME, "CreateVM", GLib.Variant("(sa{sv})", (name, options)))
    client.wait(job)

    (ssh,) = client.call(vm, "org.banger.VM1", "SSH")
    print("ssh", ssh["user"], ssh["host"], ssh["port"], flush=True)
    (state,) = client.call(
        vm, "org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)", ("org.banger.VM1", "State"))
    )
    print("state", state, flush=True)

    (job,) = client.call(vm, "org.banger.VM1", "Delete", GLib.Variant("(a{sv})", ({"force": GLib.Variant("b", True)},)))
    client.wait(job)
    try:
        client.call(MANAGER, NAME, "GetVM", GLib.Variant("(s)", (name,)))
    except GLib.Error as error:
        print("gone", Gio.DBusError.get_remote_error(error), flush=True)


if __name__ == "__main__":
    try:
        main()
    except GLib.Error as error:
        # The text of an error is one sentence: the cause and what to do about it.
        remote = Gio.DBusError.get_remote_error(error)
        sys.exit(error.message.removeprefix(f"GDBus.Error:{remote}: "))
