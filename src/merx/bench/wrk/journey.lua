-- Whole purchases by guests: each thread with its one connection is a shopper. Arguments: blocks of variants, kind of
-- the variants' ids, currency.
local threads = {}
local blocks, kind, currency, cart, token, total
local step = 1
local address = '{"address":{"name":"李雷","phone":"+86 138 0013 8000","line1":"中关村大街 27 号","city":"北京",' ..
  '"region":"北京","postal_code":"100080","country":"CN","email":"shopper@example.com"}}'
completed, failed = 0, 0
failure = ""

function setup(thread)
  thread:set("shopper", #threads + 1)
  table.insert(threads, thread)
end

function init(args)
  blocks, kind, currency = tonumber(args[1]), args[2], args[3]
  math.randomseed(now_us() % 1000000 * 64 + shopper)
end

local function variant()
  -- A seller's product comes first in each block of three products of four variants.
  local number = 1 + math.random(0, blocks - 1) * 12 + math.random(0, 3)
  return string.format("%s-0000-0000-0000-%012x", kind, number)
end

local function line()
  return "POST", "/lines", '{"variant_id":"' .. variant() .. '","quantity":1}'
end

local steps = {
  function() return "POST", nil, '{"currency":"' .. currency .. '","locale":"zh-CN"}' end,
  line,
  line,
  function() return "PUT", "/address", address end,
  function() return "PUT", "/delivery", '{"method":"standard"}' end,
  function() return "PUT", "/payment-method", '{"provider":"alipay"}' end,
  function() return "GET", "/quote", nil end,
  function()
    return "POST", "/checkout", '{"expected_total":{"amount":' .. total .. ',"currency":"' .. currency .. '"}}'
  end,
}

function request()
  local method, path, body = steps[step]()
  local headers = { ["Accept-Language"] = "zh-CN" }
  if body then headers["Content-Type"] = "application/json" end
  if step > 1 then headers["Cart-Token"] = token end
  if step == #steps then headers["Idempotency-Key"] = cart end
  return wrk.format(method, "/api/v1/carts" .. (path and "/" .. cart .. path or ""), headers, body)
end

function response(status, _, answer)
  if status >= 300 then
    failed = failed + 1
    if failure == "" then failure = "step " .. step .. ": " .. status .. " " .. string.sub(answer, 1, 300) end
    step = 1
    return
  end
  if step == 1 then
    cart, token = string.match(answer, '"id":"([^"]+)"'), string.match(answer, '"token":"([^"]+)"')
  elseif step == 7 then
    total = string.match(answer, '"total":{"amount":(%d+)')
  elseif step == 8 then
    completed = completed + 1
  end
  step = step % #steps + 1
end

function done(summary)
  local all, bad, why = 0, 0, ""
  for _, thread in ipairs(threads) do
    all, bad = all + thread:get("completed"), bad + thread:get("failed")
    if why == "" then why = thread:get("failure") end
  end
  io.write(string.format('\n{"completed":%d,"failed":%d,"seconds":%.6f}\n%s', all, bad, summary.duration / 1e6, why))
end
