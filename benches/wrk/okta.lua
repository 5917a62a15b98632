-- One of Okta's requests, again and again, each time about somebody else.
--
-- wrk … -s okta.lua URL -- REQUEST PATH USERS USER_IDS GROUP_IDS
--   REQUEST   look-up, get, create, or members
--   PATH      of the SCIM endpoint, without a slash at the end
--   USERS     so many users are there: bench-0@example.com and so on
--   USER_IDS  a file with the ids of some of them, one a line
--   GROUP_IDS a file with the ids of groups
-- The token is in SCIM_TOKEN.

local SCIM = "application/scim+json"

local function lines(path)
  local all = {}
  for line in io.lines(path) do
    all[#all + 1] = line
  end
  return all
end

-- Threads must not create users of one name.
local started = 0
function setup(thread)
  thread:set("number", started)
  started = started + 1
end

local requests = {}

function init(args)
  path, users = args[2], tonumber(args[3])
  user_ids, group_ids = lines(args[4]), lines(args[5])
  headers = { Authorization = "Bearer " .. os.getenv("SCIM_TOKEN"), Accept = SCIM, ["Content-Type"] = SCIM }
  count = 0
  math.randomseed(number + 1)
  request = requests[args[1]]
end

requests["look-up"] = function()
  local name = "bench-" .. math.random(0, users - 1) .. "%40example.com"
  return wrk.format("GET", path .. "/Users?filter=userName%20eq%20%22" .. name .. "%22&startIndex=1&count=100", headers)
end

requests["get"] = function()
  return wrk.format("GET", path .. "/Users/" .. user_ids[math.random(#user_ids)], headers)
end

requests["create"] = function()
  count = count + 1
  local name = os.time() .. "-" .. number .. "-" .. count
  local body = '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"' .. name .. '@example.com",'
    .. '"name":{"givenName":"Ada","familyName":"' .. name .. '"},'
    .. '"emails":[{"primary":true,"value":"' .. name .. '@example.com","type":"work"}],'
    .. '"displayName":"Ada ' .. name .. '","locale":"en-US","externalId":"00u' .. name .. '","groups":[],'
    .. '"password":"9fKq2LwX","active":true}'
  return wrk.format("POST", path .. "/Users", headers, body)
end

-- Adds somebody to a group, then takes them out again, so that groups stay as large as they were.
requests["members"] = function()
  count = count + 1
  if count % 2 == 1 then
    member, group = user_ids[math.random(#user_ids)], group_ids[math.random(#group_ids)]
  end
  local change = '"op":"add","path":"members","value":[{"value":"' .. member .. '"}]'
  if count % 2 == 0 then
    change = '"op":"remove","path":"members[value eq \\"' .. member .. '\\"]"'
  end
  local body = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{' .. change .. '}]}'
  return wrk.format("PATCH", path .. "/Groups/" .. group, headers, body)
end
