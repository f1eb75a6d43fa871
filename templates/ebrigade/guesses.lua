-- Written by maquette. Whoever guesses: each password of an address that the directory refuses counts, and is forgotten at a
-- steady rate. While too many count nobody there is heard. All of it is in the one process of this server.
local MOST = {{most}}
local FORGOTTEN_A_SECOND = {{forgotten}}

local function count(r)
  local level, at = string.match(r:ivm_get(r.useragent_ip) or "0 0", "^(%S+) (%S+)$")
  local now = r:clock() / 1e6
  return math.max(0, tonumber(level) - (now - tonumber(at)) * FORGOTTEN_A_SECOND), now
end

function heard(r)
  return count(r) >= MOST and 429 or apache2.DECLINED
end

function said(r)
  -- A browser's first question has no password yet.
  if r.status == 401 and r.headers_in["Authorization"] then
    local level, now = count(r)
    r:ivm_set(r.useragent_ip, string.format("%.3f %.3f", level + 1, now))
  end
  return apache2.DECLINED
end
