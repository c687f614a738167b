import { expect, test } from 'vitest'
import { conflictingPort } from './port-conflict.ts'
import { listeningInodes } from './port-listener.ts'

test.each([
  ['driver failed programming external connectivity on endpoint x (01e2238f583c): Bind for 0.0.0.0:18778 failed: port is already allocated', { port: 18778 }],
  ['Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use', { port: 80, protocol: 'tcp' }],
  ['Error starting userland proxy: listen udp6 [::]:53: bind: address already in use', { port: 53, protocol: 'udp' }],
  ['cannot listen on the TCP port: listen tcp4 :18777: bind: address already in use', { port: 18777, protocol: 'tcp' }],
  ['no such image', undefined],
])('the port is read from: %s', (words, expected) => {
  expect(conflictingPort(words)).toEqual(expected)
})

test('only sockets that wait at the port count', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0',
    '   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0',
    '   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0',
  ].join('\n')
  expect(listeningInodes(table, 8080)).toEqual(['111'])
  expect(listeningInodes(table, 80)).toEqual(['333'])
})
