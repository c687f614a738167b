import { spawn } from 'node:child_process'

/** Tells systemd that the server answers, where it is systemd that started it. Node has no datagram sockets, so systemd's own tool does. */
export function notifyReady(): void {
  if (!process.env.NOTIFY_SOCKET) return
  spawn('systemd-notify', ['--ready'], { stdio: 'ignore' }).on('error', (error) => process.emitWarning(`systemd could not be told: ${error.message}`))
}
