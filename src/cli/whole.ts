/** The small program holds the everyday commands only; what loads any other part meets this instead. */
export class NeedsWholeProgram extends Error {
  /** The command only reads: it may begin anew in the whole program, although it has asked already. */
  readonly mayRepeat: boolean

  constructor(mayRepeat = false) {
    super('a part of the program that this command needs is missing from the small one (scripts/build.ts)')
    this.mayRepeat = mayRepeat
  }
}
