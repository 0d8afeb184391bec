export { default } from "@baldur/jest";
