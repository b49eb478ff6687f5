import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSocketAddress, isSameBus, parseEndpoints, parseSocketPaths } from '../../src/bus/address.ts';

test('sockets are found in addresses', () => {
  const sockets = (address: string) => parseSocketPaths(address, { XDG_RUNTIME_DIR: '/run/user/7' });
  assert.deepEqual(sockets('unix:path=/run/bus,guid=0123'), ['/run/bus']);
  assert.deepEqual(sockets('unix:abstract=/tmp/dbus-x'), ['\0/tmp/dbus-x']);
  assert.deepEqual(sockets('tcp:host=a,port=1;unix:path=/a%20b%c3%bc=c;unix:runtime=yes'), [
    '/a bü=c',
    '/run/user/7/bus',
  ]);
  assert.deepEqual(parseEndpoints('unix:path=/a,guid=0123;unix:path=/b', {}), [
    { socket: '/a', guid: '0123' },
    { socket: '/b', guid: undefined },
  ]);
  assert.deepEqual(sockets('autolaunch:'), []);
  assert.deepEqual(sockets(''), []);
});

test('any path becomes an address that leads to it', () => {
  const path = "/tmp/a b;c,d=e%f'ü/socket";
  assert.match(formatSocketAddress(path), /^unix:path=[\w/.%-]+$/);
  assert.deepEqual(parseSocketPaths(formatSocketAddress(path), {}), [path]);
  assert.equal(isSameBus(formatSocketAddress(path), `${formatSocketAddress(path)},guid=1`, {}), true);
  assert.equal(isSameBus('unix:path=/a', 'unix:path=/b', {}), false);
});
