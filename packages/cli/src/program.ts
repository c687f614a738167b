import { SEALIFT_VERSION } from '@sealift/server/version.ts'
import { Command } from 'commander'
import { addBackup } from './commands/backup.ts'
import { addAuthority } from './commands/ca.ts'
import { addCompletion } from './commands/completion.ts'
import { addConfigure } from './commands/configure.ts'
import { addEvents } from './commands/events.ts'
import { addExec } from './commands/exec.ts'
import { addExport } from './commands/export.ts'
import { addGc } from './commands/gc.ts'
import { addHistory } from './commands/history.ts'
import { addImport } from './commands/import.ts'
import { addInspect } from './commands/inspect.ts'
import { addInstall } from './commands/install.ts'
import { addJobs } from './commands/jobs.ts'
import { addKeys } from './commands/keys.ts'
import { addLogs } from './commands/logs.ts'
import { addOperate } from './commands/operate.ts'
import { addPublish } from './commands/publish.ts'
import { addRegistry } from './commands/registry.ts'
import { addReleases } from './commands/releases.ts'
import { addReport } from './commands/report.ts'
import { addRestore } from './commands/restore.ts'
import { addScale } from './commands/scale.ts'
import { addSecrets } from './commands/secret.ts'
import { addService } from './commands/service.ts'
import { addSnapshot } from './commands/snapshot.ts'
import { addStatus } from './commands/status.ts'
import { addStore } from './commands/store.ts'
import { addTargets } from './commands/targets.ts'
import { addTokens } from './commands/tokens.ts'
import { addUninstall } from './commands/uninstall.ts'
import { addUp } from './commands/up.ts'
import { addUpgrade } from './commands/upgrade.ts'

const DELIVERY = `
A delivery, from the vendor to a site without a network:

  vendor$ sealift publish bookshop.yaml
  vendor$ sealift export bookshop@2.9.0 --out /media/usb/bookshop.sealift
  vendor$ sealift keys list            read the fingerprint to the site by phone
  site$   sealift import /media/usb/bookshop.sealift --trust FINGERPRINT
  site$   sealift install bookshop
  site$   sealift status

Every command takes --json and prints one JSON document then.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused (with the reason and the
way out), 4 not found.`

/** The command line: parses, calls the API, prints. */
export function createProgram(): Command {
  const program = new Command('sealift')
    .description('Delivers container applications into networks that have no way out.')
    // Not --version: publish takes that for the version of a release, and options may stand anywhere.
    .version(SEALIFT_VERSION, '-V', 'print the version of Sealift (also: sealift --version)')
    .option('--json', 'print one JSON document on standard output')
    .option('--data <dir>', 'the data folder (default: $SEALIFT_DATA or ~/.sealift)')
    .option('--server <url>', 'use the server at this address, like unix:///var/lib/sealift/sealift.sock')
    .addHelpText('after', DELIVERY)
    .showSuggestionAfterError()
    // A list of commands that shows their arguments too leaves no room to explain them in 80 columns.
    .configureHelp({ showGlobalOptions: false, subcommandTerm: (command) => command.name(), minWidthToWrap: 30 })
    .exitOverride()
    // Errors are printed in one place, with code and way out.
    .configureOutput({ writeErr: () => {} })
  addPublish(program)
  addReleases(program)
  addExport(program)
  addInspect(program)
  addImport(program)
  addInstall(program)
  addStatus(program)
  addConfigure(program)
  addUpgrade(program)
  addHistory(program)
  addSnapshot(program)
  addReport(program)
  addLogs(program)
  addExec(program)
  addEvents(program)
  addOperate(program)
  addScale(program)
  addSecrets(program)
  addUninstall(program)
  addKeys(program)
  addTargets(program)
  addRegistry(program)
  addTokens(program)
  addAuthority(program)
  addJobs(program)
  addGc(program)
  addStore(program)
  addBackup(program)
  addRestore(program)
  addUp(program)
  addService(program)
  addCompletion(program)
  for (const command of allCommands(program)) command.copyInheritedSettings(program).helpCommand(false)
  return program
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)])
}
