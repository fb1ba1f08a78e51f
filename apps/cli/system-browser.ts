/** Shows an address in the browser that a person uses, where there is one. */
import { spawn } from 'node:child_process';

/** Asks the system; nothing happens where it has no browser. */
export function showInBrowser(url: string): void {
  const { platform, env } = process;
  // Without a screen, xdg-open would put a text browser on this terminal.
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return;
  const [program, ...args] =
    platform === 'darwin' ? ['open', url] : platform === 'win32' ? ['cmd', '/c', 'start', '""', url] : ['xdg-open', url];
  const child = spawn(program as string, args, { detached: true, stdio: 'ignore', windowsVerbatimArguments: true });
  child.on('error', () => undefined);
  child.unref();
}
