import { adapterSuite } from "@baldur/core/test/http/adapter/suite.js";
import { fastify } from "./subject.js";

adapterSuite(fastify);
