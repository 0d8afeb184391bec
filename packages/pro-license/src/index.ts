export { license } from "./license.js";
export { type LicenseSettings, licenseSettings } from "./settings.js";
export { verifyToken } from "./verify.js";
