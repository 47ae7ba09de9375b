import { readdir, readFile } from 'node:fs/promises'

/** Processes whose command line or environment names this folder, without the asking one. Linux; elsewhere none are found. */
export async function processesCarrying(folder: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(async (pid) => ((await mentions(pid, folder)) ? pid : null)))
  return found.filter((pid): pid is number => pid !== null && pid !== process.pid)
}

async function mentions(pid: number, folder: string): Promise<boolean> {
  const read = async (name: string): Promise<string> => await readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')
  return `${await read('cmdline')}\0${await read('environ')}`.includes(folder)
}
