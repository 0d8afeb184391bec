// What the bundler puts in the place of tags.
export { Fragment, h } from "preact";
