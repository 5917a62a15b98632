// SCIMMY behind Express, with everything kept in memory.
// Usage: node serve.js PORT, with the bearer token in SCIM_TOKEN.
//
// SCIMMY itself coerces to the schema, applies PATCH, parses filters and cuts pages. Storage, unique names, the 404 and
// applying the parsed filter are left to the application; they are done here in the plainest way, after the pattern of
// SCIMMY's own example, so that what a run finds is SCIMMY's doing.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

/** The three handlers that SCIMMY wants for a resource type, on a map of their own. */
function inMemory(refuseTaken) {
  const kept = new Map();

  const find = (id) => {
    if (!kept.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    return kept.get(id);
  };

  return {
    ingress({ id }, data) {
      const before = id ? find(id) : undefined;
      const value = { ...structuredCopy(data), id: id ?? randomUUID() };
      refuseTaken(value, kept.values());
      const now = new Date().toISOString();
      value.meta = { created: before?.meta.created ?? now, lastModified: now };
      kept.set(value.id, value);
      return value;
    },
    egress({ id, filter }) {
      if (id) return find(id);
      const all = [...kept.values()];
      return filter ? filter.match(all) : all;
    },
    degress({ id }) {
      find(id);
      kept.delete(id);
    },
  };
}

/** What SCIMMY hands over has getters and cycles of its own; what is kept is plain data. */
function structuredCopy(data) {
  return JSON.parse(JSON.stringify(data));
}

/** userName is unique without regard to case (RFC 7643, section 4.1.1). */
function refuseTakenUserName(user, others) {
  const name = user.userName.toLowerCase();
  for (const other of others) {
    if (other.id !== user.id && other.userName.toLowerCase() === name) {
      throw new SCIMMY.Types.Error(409, "uniqueness", "userName is taken");
    }
  }
}

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
  ...inMemory(refuseTakenUserName),
  extensions: [{ schema: SCIMMY.Schemas.EnterpriseUser, attributes: [] }],
});
// Two groups may have the same displayName (RFC 7643, section 4.2, does not forbid it).
SCIMMY.Resources.declare(SCIMMY.Resources.Group, inMemory(() => {}));
SCIMMY.Config.set({ patch: true, filter: { supported: true, maxResults: 200 } });

const expected = `Bearer ${process.env.SCIM_TOKEN}`;
const app = express();
app.use(
  "/scim",
  new SCIMMYRouters({
    type: "bearer",
    handler(request) {
      if (request.header("Authorization") !== expected) throw new Error("wrong or missing token");
      return "okta";
    },
  }),
);
app.listen(Number(process.argv[2]), "127.0.0.1");

// Even a caller that is killed leaves no server behind: its end of the pipe closes with it.
process.stdin.on("end", () => process.exit()).resume();
