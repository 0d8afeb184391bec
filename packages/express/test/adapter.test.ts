import { adapterSuite } from "@baldur/core/test/http/adapter/suite.js";
import { SUBJECTS } from "./subject.js";

for (const subject of SUBJECTS) adapterSuite(subject);
