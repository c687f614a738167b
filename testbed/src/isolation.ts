import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { must } from './command.ts'
import { insideNetns } from './netns.ts'

/** One thing that was tried or looked at, and what came of it, to be shown. */
export interface IsolationFinding {
  readonly what: string
  readonly found: string
}

/**
 * Proves that a network namespace has no way out: only the engine's own bridges as interfaces, no route beyond them, and no
 * connection to a listener on this machine, which this machine itself reaches at every one of its addresses. Throws otherwise.
 */
export async function proveIsolation(netns: string): Promise<IsolationFinding[]> {
  const findings: IsolationFinding[] = []
  const note = (what: string, found: string, isFine: boolean) => {
    findings.push({ what, found })
    if (!isFine) throw new Error(`the site ${netns} has a way out: ${what}: ${found}`)
  }

  const links = lines(await must(['ip', '-netns', netns, '-brief', 'link'])).map((line) => line.split(/[\s@]/)[0] ?? '')
  note(
    'interfaces',
    links.join(' '),
    links.every((name) => name === 'lo' || name === 'docker0' || /^(br-|veth)/.test(name)),
  )

  const routes = [...lines(await must(['ip', '-netns', netns, 'route'])), ...lines(await must(['ip', '-netns', netns, '-6', 'route']))]
  const outward = routes.filter((route) => !/\bdev (lo|docker0|br-|veth)/.test(route) || /^default|\bvia\b/.test(route))
  note('routes beyond its own bridges', outward.join('; ') || 'none', outward.length === 0)

  const listener = createServer((socket) => socket.end()).listen(0, '0.0.0.0')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the listener has no port')
  try {
    let tried = 0
    for (const host of ownAddresses()) {
      // An address can go while this runs, with another engine's bridge; where this machine gets no answer, none inside proves nothing.
      if ((await connect([], host, address.port)) !== 'connected') continue
      tried += 1
      const inside = await connect(insideNetns(netns), host, address.port)
      note(`a connection to this machine at ${host}`, inside, inside !== 'connected')
    }
    if (tried === 0) throw new Error('this machine does not reach its own listener, so nothing is proved')
  } finally {
    listener.close()
  }
  return findings
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map((each) => each.address)
}

async function connect(before: readonly string[], host: string, port: number): Promise<string> {
  const script = `require('net').connect({host:${JSON.stringify(host)},port:${port},timeout:3000})
    .on('connect',()=>{console.log('connected');process.exit()})
    .on('timeout',()=>{console.log('no answer');process.exit()})
    .on('error',(error)=>console.log(error.code))`
  return must([...before, process.execPath, '-e', script])
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}
