import { targetRoutes } from '@sealift/api/routes/targets.ts'
import type { Command } from 'commander'
import { inSession } from '../session.ts'
import { formatColumns } from '../terminal/columns.ts'

/** `sealift target …` and `sealift env …` */
export function addTargets(program: Command): void {
  const target = program
    .command('target')
    .summary('engines to install on')
    .description('The engines to install on. One named local, the Docker Engine of this machine, exists from the start.')
  target
    .command('list')
    .description('Lists the engines, each with what answers there.')
    .action(async (_options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(targetRoutes.listTargets, {}), (list) =>
          formatColumns([['TARGET', 'DRIVER', 'ADDRESS', 'ENGINE'], ...list.map(({ name, driver, address, engine }) => [name, driver, address, engine ?? ''])]),
        ),
      )
    })
  target
    .command('add')
    .description('Registers an engine.')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .requiredOption('--address <address>', 'unix:///var/run/docker.sock or tcp://host:port')
    .option('--driver <driver>', 'docker', 'docker')
    .action(async (name: string, { address }: { address: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(targetRoutes.addTarget, { body: { name, driver: 'docker', address } }), ({ engine }) => `target ${name}: ${engine}\n`),
      )
    })
  target
    .command('remove')
    .description('Forgets an engine that carries no environment.')
    .argument('<name>')
    .action(async (name: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(targetRoutes.removeTarget, { params: { name } }), () => `target ${name} is forgotten\n`),
      )
    })

  const env = program
    .command('env')
    .summary('environments that installations live in')
    .description('Environments: each points to a target, and installations live in it. One named default exists from the start.')
  env
    .command('list')
    .description('Lists the environments.')
    .action(async (_options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(targetRoutes.listEnvironments, {}), (list) =>
          formatColumns([['ENVIRONMENT', 'TARGET', 'INSTALLATIONS'], ...list.map(({ name, target: on, installations }) => [name, on, String(installations)])]),
        ),
      )
    })
  env
    .command('add')
    .description('Adds an environment.')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .option('--target <target>', 'the engine that it points to', 'local')
    .action(async (name: string, { target: on }: { target: string }, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(targetRoutes.addEnvironment, { body: { name, target: on } }), () => `environment ${name} on ${on}\n`),
      )
    })
  env
    .command('remove')
    .description('Removes an environment that holds no installation.')
    .argument('<name>')
    .action(async (name: string, _options: unknown, command: Command) => {
      await inSession(command, async ({ client, answer }) =>
        answer(await client.call(targetRoutes.removeEnvironment, { params: { name } }), () => `environment ${name} is removed\n`),
      )
    })
}
