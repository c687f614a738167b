import { resultOf } from '@sealift/api/job.ts'
import { operationRoutes } from '@sealift/api/routes/operations.ts'
import type { Command } from 'commander'
import { followJob } from '../follow-job.ts'
import { inSession } from '../session.ts'
import { describeStatus } from './status.ts'

const OPERATIONS = {
  start: {
    route: operationRoutes.startComponents,
    summary: 'start what was stopped',
    description: 'Starts an installation or some of its components, with what they wait for, each when those before it are healthy.',
    nothing: 'runs already',
    done: 'started',
  },
  stop: {
    route: operationRoutes.stopComponents,
    summary: 'stop an installation or a component',
    description:
      'Stops an installation or some of its components gracefully, those first that depend on others. What is stopped stays so, also when machine or engine are restarted, until it is started or the installation is changed.',
    nothing: 'is stopped already',
    done: 'stopped',
  },
  restart: {
    route: operationRoutes.restartComponents,
    summary: 'restart an installation or a component',
    description: 'Restarts an installation or some of its components in the order of their dependencies, each when those before it are healthy.',
    nothing: 'has nothing to restart',
    done: 'restarted',
  },
} as const

/** `sealift start`, `stop` and `restart` */
export function addOperate(program: Command): void {
  for (const name of Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]) addOperation(program, name)
}

function addOperation(program: Command, kind: keyof typeof OPERATIONS): void {
  const { route, summary, description, nothing, done } = OPERATIONS[kind]
  program
    .command(kind)
    .summary(summary)
    .description(description)
    .argument('<name>', 'the installation')
    .argument('[component...]', 'only these components')
    .addHelpText('after', `\nExamples:\n  sealift ${kind} bookshop\n  sealift ${kind} bookshop catalog web`)
    .action(async (name: string, components: string[], _options: unknown, command: Command) => {
      await inSession(command, async (session) => {
        const job = await session.client.call(route, { params: { name }, body: components.length === 0 ? {} : { components } })
        const operated = resultOf(await followJob(session, job), kind)
        const status = session.json ? '' : await describeStatus(session, name)
        session.answer(operated, () =>
          operated.components.length === 0 ? `${name} ${nothing}\n${status}` : `${name}: ${done} ${operated.components.join(', ')}\n${status}`,
        )
      })
    })
}
