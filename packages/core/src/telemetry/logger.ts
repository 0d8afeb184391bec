/** What Baldur writes its events to; pino's order of arguments, so that a pino logger fits as it is. @public */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One line of JSON per event, on the error stream: a program's own output stays its own. */
export class JsonLineLogger implements Logger {
  debug(fields: object): void {
    this.#write(fields);
  }

  info(fields: object): void {
    this.#write(fields);
  }

  warn(fields: object): void {
    this.#write(fields);
  }

  error(fields: object): void {
    this.#write(fields);
  }

  #write(fields: object): void {
    process.stderr.write(`${JSON.stringify(fields)}\n`);
  }
}
