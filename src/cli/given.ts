import { TroupeError } from '../core/error.ts'
import { parseDuration } from './text.ts'

/** What stands on the command line, by the names of the command tree: arguments and options alike. */
export class Given {
  private readonly values: Record<string, unknown>

  constructor(values: Record<string, unknown>) {
    this.values = values
  }

  text(name: string): string | undefined {
    const value = this.values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** An argument that the command tree marks as required. */
  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new TroupeError('usage', `${name} is missing`, { hint: 'name it; troupe COMMAND --help shows where' })
    return value
  }

  /** The same, with one value replaced. */
  as(name: string, value: string | undefined): Given {
    return new Given({ ...this.values, [name]: value })
  }

  words(name: string): string[] {
    const value = this.values[name]
    return Array.isArray(value) ? value.map(String) : []
  }

  flag(name: string): boolean {
    return this.values[name] === true
  }

  /** ms */
  duration(name: string): number | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : parseDuration(value, `--${name}`)
  }

  /** A positive whole number. */
  count(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^[1-9]\d{0,8}$/.test(value)) {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      throw new TroupeError('usage', `${flag} wants a positive whole number, not "${value}"`, { hint: `${flag} 50` })
    }
    return Number(value)
  }
}
