import { ConfigurationError, type ErrorContext } from "@baldur/core";
import { brand } from "@baldur/core/plugin";

/** The server is to listen beyond loopback, and nothing keeps strangers out. @public */
export class AdminAuthRequiredError extends ConfigurationError {
  override readonly code = "ERR_BALDUR_ADMIN_AUTH_REQUIRED";

  static {
    brand(AdminAuthRequiredError, "AdminAuthRequiredError");
  }

  constructor(
    /** Where it was to listen. */
    readonly bind: string,
  ) {
    super(`listening on ${bind}, beyond loopback, needs BALDUR_ADMIN_KEY`);
  }

  override context(): ErrorContext {
    return { ...super.context(), bind: this.bind };
  }
}
