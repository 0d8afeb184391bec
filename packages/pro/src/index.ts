export { pro, pro as plugin } from "./pro.js";
