// The directory sync of SAML Jackson (Ory Polis) behind Express, with everything kept in memory.
// Usage: node serve.js PORT, with the bearer token in SCIM_TOKEN.
//
// Jackson is a library; its own host, Polis, is a Next.js application. This does what the SCIM route of Polis does around
// the library: it takes the directory from the URL, the second word of Authorization as the secret, count and startIndex
// as integers, and hands on status and data as they come.
import express from "express";
import jackson from "@boxyhq/saml-jackson";

const port = Number(process.argv[2]);
const token = process.env.SCIM_TOKEN;

const silent = () => {};
const { directorySyncController: sync } = await jackson.default({
  externalUrl: `http://127.0.0.1:${port}`,
  samlPath: "/api/oauth/saml",
  scimPath: "/api/scim/v2.0",
  noAnalytics: true,
  db: { engine: "mem" },
  dsync: { callback: silent },
  logger: { info: silent, warn: silent, error: console.error },
});
const { data: directory, error } = await sync.directories.create({
  tenant: "example.com",
  product: "conformance",
  name: "okta",
  type: "okta-scim-v2",
});
if (error) throw new Error(error.message);

/** Jackson draws a random secret for each directory; callers of this server use the token that they chose. */
function secretOf(authorization = "") {
  const given = authorization.split(" ")[1] ?? null;
  return given === token ? directory.scim.secret : given;
}

/** Next.js parses application/json only. Polis gets anything else as bytes, and takes them as JSON when they are. */
function bodyOf({ body }) {
  if (!Buffer.isBuffer(body)) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** Passwords that came in, so that the caller can look for them where they must not be. Not SCIM. */
const passwords = new Set();
function notePasswords(value) {
  if (typeof value !== "object" || value === null) return;
  if (typeof value.password === "string") passwords.add(value.password);
  for (const part of Object.values(value)) notePasswords(part);
}

const integer = (text) => (text ? Number.parseInt(text, 10) : undefined);

const app = express();
app.use(express.json({ type: ["application/json", "application/ld+json"], limit: "1mb" }));
app.use(express.raw({ type: () => true, limit: "1mb" }));
app.all(/^\/scim\/v2\/([^/]+)(?:\/([^/]+))?$/, async (request, response) => {
  const { count, startIndex, filter, includeMembers } = request.query;
  const body = bodyOf(request);
  notePasswords(body);
  const { status, data } = await sync.requests.handle({
    method: request.method,
    body,
    directoryId: directory.id,
    resourceType: request.params[0],
    resourceId: request.params[1],
    apiSecret: secretOf(request.headers.authorization),
    query: {
      count: integer(count),
      startIndex: integer(startIndex),
      filter,
      includeMembers: includeMembers === "true",
    },
  });
  response.status(status).json(data);
});
app.get("/passwords-received", (_, response) => response.json([...passwords]));
app.listen(port, "127.0.0.1");

// Even a caller that is killed leaves no server behind: its end of the pipe closes with it.
process.stdin.on("end", () => process.exit()).resume();
