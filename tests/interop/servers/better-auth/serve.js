// Better Auth with its SCIM plugin over SQLite in memory.
// Usage: node serve.js PORT, with the bearer token in SCIM_TOKEN.
//
// The plugin brings storage, filters and PATCH itself. What is configured here is what its documentation asks for: a
// database adapter with interactive transactions, and one connection with one static bearer credential. Linking to users
// who were there before, and roles, are left alone: both are optional.
import { randomBytes } from "node:crypto";
import http from "node:http";
import { scim } from "@better-auth/scim";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { Kysely, SqliteDialect } from "kysely";
import Database from "libsql";

const port = Number(process.argv[2]);
const database = new Kysely({ dialect: new SqliteDialect({ database: new Database(":memory:") }) });
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: randomBytes(32).toString("hex"),
  database: { db: database, type: "sqlite", transaction: true },
  // Everything comes from one address here, and all at once.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    scim({
      connections: [
        { id: "okta", credentials: [{ type: "bearer", id: "okta-token", token: process.env.SCIM_TOKEN }] },
      ],
    }),
  ],
});
await (await getMigrations(auth.options)).runMigrations();
http.createServer(toNodeHandler(auth)).listen(port, "127.0.0.1");

// Even a caller that is killed leaves no server behind: its end of the pipe closes with it.
process.stdin.on("end", () => process.exit()).resume();
