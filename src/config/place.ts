import { relative } from 'node:path'
import type { Diagnostics, Severity } from './diagnostic.ts'
import { diagnose, locate, locateNearest, type Path, type Source } from './source.ts'

/** One place in one file: values are checked with it in hand, so that every complaint knows where it belongs. */
export class Place {
  readonly source: Source
  readonly path: Path
  readonly #out: Diagnostics

  constructor(source: Source, path: Path, out: Diagnostics) {
    this.source = source
    this.path = path
    this.#out = out
  }

  at(...steps: (string | number)[]): Place {
    return new Place(this.source, [...this.path, ...steps], this.#out)
  }

  /** Whether the file itself says something here, as against a default. */
  get said(): boolean {
    return locate(this.source, this.path) !== null
  }

  /** `projects/hello.yaml:12`, relative to the team's root; null where the file says nothing here. */
  line(root: string): string | null {
    const found = locate(this.source, this.path)
    return found === null ? null : `${relative(root, this.source.file)}:${this.source.lines.linePos(found.key[0]).line}`
  }

  error(message: string, hint: string | null = null): void {
    this.#tell('error', 'value', message, hint)
  }

  warning(message: string, hint: string | null = null): void {
    this.#tell('warning', 'value', message, hint)
  }

  info(message: string, hint: string | null = null): void {
    this.#tell('info', 'key', message, hint)
  }

  /** Marks the key instead of the value: for what is wrong with a name. */
  errorAtKey(message: string, hint: string | null = null): void {
    this.#tell('error', 'key', message, hint)
  }

  warningAtKey(message: string, hint: string | null = null): void {
    this.#tell('warning', 'key', message, hint)
  }

  /** What was refused here is refused whole: nothing further is told about its inside, which is ours from now on. */
  close(): void {
    this.#out.close(this.source.file, this.path)
  }

  #tell(severity: Severity, part: 'key' | 'value', message: string, hint: string | null): void {
    const found = locateNearest(this.source, this.path)
    // A block (map, list) is marked by its key: its own range runs over many lines.
    const range = locate(this.source, this.path) === null ? found.key : found[part]
    this.#out.add(this.path, diagnose(this.source, range, severity, message, hint))
  }
}
