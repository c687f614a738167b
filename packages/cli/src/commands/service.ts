import { join } from 'node:path'
import { isSea } from 'node:sea'
import { SealiftError } from '@sealift/oci/sealift-error.ts'
import { type Command } from 'commander'
import { type ServiceStatus, Systemd } from '../service/systemd.ts'
import { unitText } from '../service/unit.ts'
import { dataFolder, type GlobalOptions, reportFailure } from '../session.ts'

interface ServiceOptions {
  readonly user?: true
  readonly name: string
}

/** What decides where the engine and the data are, and that a service would otherwise not know. */
const VARIABLES = ['DOCKER_HOST', 'SEALIFT_KEY_FILE'] as const

/** `sealift service …` */
export function addService(program: Command): void {
  const service = program
    .command('service')
    .summary('run the server for good, by systemd')
    .description('Runs the server for good, as a service of systemd: it starts with the machine, and watches over what is installed.')
  const options = (command: Command): Command =>
    command.option('--user', 'a service of this user rather than of the machine').option('--name <name>', 'what the unit is called', 'sealift')

  options(service.command('install'))
    .description('Writes a unit of systemd that runs sealift up on the data folder, and starts it. Running it again takes over what changed.')
    .option('--listen <address>', 'where the registry answers (default: as sealift up)')
    .option('--print', 'print the unit and change nothing')
    .addHelpText('after', '\nExamples:\n  sealift service install --data /var/lib/sealift\n  sealift service install --user --print')
    .action(async (given: ServiceOptions & { listen?: string; print?: true }, command: Command) => {
      await answering(command, given, async (systemd) => {
        const environment = Object.fromEntries(VARIABLES.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : [])))
        const text = unitText({
          program: thisProgram(),
          data: dataFolder(command.optsWithGlobals<GlobalOptions>()),
          environment,
          user: given.user === true,
          ...(given.listen === undefined ? {} : { listen: given.listen }),
        })
        if (given.print === true) return [{ unit: systemd.pathOf(given.name), text }, text]
        await systemd.install(given.name, text)
        const status = await systemd.status(given.name)
        const linger = given.user === true ? 'It ends when this user logs out, unless: loginctl enable-linger\n' : ''
        return [status, `${formatStatus(given.name, status)}${linger}`]
      })
    })

  options(service.command('remove'))
    .description('Stops the service and removes its unit. Installations run on, without anyone to watch over them; the data folder stays.')
    .action(async (given: ServiceOptions, command: Command) => {
      await answering(command, given, async (systemd) => {
        const removed = await systemd.remove(given.name)
        return [{ unit: systemd.pathOf(given.name), removed }, removed ? `service ${given.name} is removed\n` : `there is no service ${given.name}\n`]
      })
    })

  options(service.command('status'))
    .description('Shows whether the service is installed and runs.')
    .action(async (given: ServiceOptions, command: Command) => {
      await answering(command, given, async (systemd) => {
        const status = await systemd.status(given.name)
        return [status, formatStatus(given.name, status)]
      })
    })
}

/** These commands talk with systemd alone, not with a server. */
async function answering(command: Command, { user, name }: ServiceOptions, work: (systemd: Systemd) => Promise<readonly [unknown, string]>): Promise<void> {
  const json = command.optsWithGlobals<GlobalOptions>().json === true
  try {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,100}$/.test(name)) throw new SealiftError('USAGE', `--name ${name}: expected letters, digits, dashes and dots`)
    const [document, text] = await work(new Systemd(user === true))
    process.stdout.write(json ? `${JSON.stringify(document)}\n` : text)
  } catch (thrown) {
    reportFailure(thrown, json)
  }
}

/** How this very program is called: the one file, or the script of the checkout, which brings the right Node. */
function thisProgram(): readonly string[] {
  return isSea() ? [process.execPath] : [join(import.meta.dirname, '../../../../sealift')]
}

function formatStatus(name: string, { unit, installed, active, enabled }: ServiceStatus): string {
  if (!installed) return `service ${name} is not installed. Install it with: sealift service install\n`
  return `service ${name}: ${active}, ${enabled}\n  unit  ${unit}\n  log   journalctl ${unit.startsWith('/etc/') ? '' : '--user '}-u ${name}\n`
}
