import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, isSameBus, socketsOf } from '../../src/bus/address.ts';

test('sockets are found in addresses', () => {
  const sockets = (address: string) => socketsOf(address, { XDG_RUNTIME_DIR: '/run/user/7' });
  assert.deepEqual(sockets('unix:path=/run/bus,guid=0123'), ['/run/bus']);
  assert.deepEqual(sockets('unix:abstract=/tmp/dbus-x'), ['\0/tmp/dbus-x']);
  assert.deepEqual(sockets('tcp:host=a,port=1;unix:path=/a%20b%c3%bc=c;unix:runtime=yes'), [
    '/a bü=c',
    '/run/user/7/bus',
  ]);
  assert.deepEqual(sockets('autolaunch:'), []);
  assert.deepEqual(sockets(''), []);
});

test('any path becomes an address that leads to it', () => {
  const path = "/tmp/a b;c,d=e%f'ü/socket";
  assert.match(addressOf(path), /^unix:path=[\w/.%-]+$/);
  assert.deepEqual(socketsOf(addressOf(path), {}), [path]);
  assert.equal(isSameBus(addressOf(path), `${addressOf(path)},guid=1`, {}), true);
  assert.equal(isSameBus('unix:path=/a', 'unix:path=/b', {}), false);
});
