/** The small program holds the everyday commands only; what loads any other part meets this instead. */
export class NeedsWholeProgram extends Error {
  constructor() {
    super('a part of the program that this command needs is missing from the small one (scripts/build.ts)')
  }
}
